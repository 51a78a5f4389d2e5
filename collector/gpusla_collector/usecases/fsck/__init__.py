"""`gpusla fsck`: one file a part of the records; `records` checks them all."""
