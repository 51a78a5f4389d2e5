"""Commands: what people see and the exit codes that scripts see."""
