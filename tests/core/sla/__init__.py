"""The judgement: cases in characters, laws, and a second judgement to agree with."""
