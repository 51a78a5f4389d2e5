"""
A statement as a page, a PDF, tables and an export for billing systems.

`contents` puts the document together from blocks; `page` and `pdf` set the same blocks.  `tables`
has the rows; `delimited`, `parquet` and `focus` write them.  All of it is a function of the
statement: the same statement gives the same bytes.  Needs the extra `statements`, which nothing
else does.
"""
