"""The measuring kernel: rule by rule, by laws, and against judging tick by tick."""
