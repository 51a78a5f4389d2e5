"""
Every error code a user can meet, with what it means and the way out.

A code is `GS` and four digits: 10xx files and their syntax, 11xx contracts, 12xx inventory,
assignments and exclusions, 13xx settings, 20xx sources and probes, 30xx journals, 31xx statements,
40xx stores and the ledger, 50xx services over the network, 60xx the demo.  A code, once released,
keeps its meaning for ever.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """
    One row of the catalogue of errors.

    code: `GS` and four digits.  name: lower case words joined by `_`, also used as metric label.
    meaning: one sentence for the reference page.  way_out: what the reader can do about it.
    """

    code: str
    name: str
    meaning: str
    way_out: str


FILE_UNREADABLE = ErrorCode(
    "GS1001", "file_unreadable", "A file cannot be opened or read.",
    "Check the path and that the user of the service may read it.",
)
FILE_TOO_LARGE = ErrorCode(
    "GS1002", "file_too_large", "A file is larger than the product reads.",
    "Split it: a file may have 262,144 bytes.",
)
FILE_NOT_TEXT = ErrorCode(
    "GS1003", "file_not_text", "A file is not UTF-8 text.", "Save it as UTF-8.",
)
YAML_SYNTAX = ErrorCode(
    "GS1004", "yaml_syntax", "A file is not valid YAML.", "Mend the line that the message names.",
)
YAML_ALIAS = ErrorCode(
    "GS1005", "yaml_alias", "A file uses YAML anchors or aliases, which are refused.",
    "Write the value out: a short file of aliases can expand to gigabytes.",
)
YAML_TOO_DEEP = ErrorCode(
    "GS1006", "yaml_too_deep", "A file is nested deeper than 20 levels.", "Flatten it.",
)
YAML_DUPLICATE_KEY = ErrorCode(
    "GS1007", "yaml_duplicate_key", "A mapping names the same key twice.", "Keep one of the two.",
)
UNKNOWN_KEY = ErrorCode(
    "GS1008", "unknown_key", "A file has a key that the product does not know.",
    "Remove it or correct its spelling.",
)
MISSING_KEY = ErrorCode(
    "GS1009", "missing_key", "A required key is missing.", "Add it.",
)
WRONG_TYPE = ErrorCode(
    "GS1010", "wrong_type", "A value has the wrong type or form.", "Write it as the message says.",
)
EMPTY_FILE = ErrorCode(
    "GS1011", "empty_file", "A file holds nothing.",
    "An empty input is an error, not a clean result: write the file or remove it.",
)
TIERS_OVERLAP = ErrorCode(
    "GS1101", "tiers_overlap", "Two credit tiers overlap or stand in the wrong order.",
    "List the tiers from the highest `below` to the lowest, each with a larger percent.",
)
UNKNOWN_TIME_ZONE = ErrorCode(
    "GS1102", "unknown_time_zone", "A time zone is not in the IANA database.",
    "Write an IANA name such as America/Chicago, or UTC.",
)
CONTRACT_TERM = ErrorCode(
    "GS1103", "contract_term", "A contract's dates contradict one another.",
    "Let every date lie inside the term and the term end after it starts.",
)
CONTRACT_SEMANTICS = ErrorCode(
    "GS1104", "contract_semantics", "A contract says something that cannot be judged.",
    "Change the field that the message names.",
)
DUPLICATE_ID = ErrorCode(
    "GS1201", "duplicate_id", "Two things carry the same identifier.", "Give one another id.",
)
UNKNOWN_REFERENCE = ErrorCode(
    "GS1202", "unknown_reference", "A file names a thing that does not exist.",
    "Correct the name or add the thing.",
)
ASSIGNMENT_OVERLAP = ErrorCode(
    "GS1203", "assignment_overlap", "A slot serves two contracts, or holds two GPUs, at once.",
    "End the first before the second begins.",
)
HISTORY_REWRITTEN = ErrorCode(
    "GS1204", "history_rewritten", "A file changes a record that was already taken in.",
    "Append a record that corrects it; recorded history is never edited.",
)
INTERVAL_BACKWARDS = ErrorCode(
    "GS1205", "interval_backwards", "A record ends before it begins, or as it begins.",
    "Correct one of the two instants.",
)
BAD_SETTING = ErrorCode(
    "GS1301", "bad_setting", "A setting cannot be honoured.", "Change it as the message says.",
)
ADDRESS_IN_USE = ErrorCode(
    "GS1302", "address_in_use", "The address to listen on is taken.",
    "Choose another port or end the other process.",
)
NEEDS_RESTART = ErrorCode(
    "GS1303", "needs_restart", "A setting was changed that a running agent cannot change.",
    "Restart the agent to take it in; until then the settings before stay in force.",
)
SOURCE_UNAVAILABLE = ErrorCode(
    "GS2001", "source_unavailable", "The source of GPU readings cannot be reached.",
    "Check that the NVIDIA driver is loaded and libnvidia-ml.so.1 can be found.",
)
SOURCE_STALLED = ErrorCode(
    "GS2002", "source_stalled", "The source of GPU readings does not answer in time.",
    "Nothing to do at once: the GPU is recorded as unknown and the worker is replaced.",
)
EXPORTER_UNREACHABLE = ErrorCode(
    "GS2010", "exporter_unreachable", "Another exporter does not give its page.",
    "Check its address and that it runs; what it would have said is unknown.",
)
EXPORTER_PAGE = ErrorCode(
    "GS2011", "exporter_page", "Another exporter's page cannot be read.",
    "Look at the page with curl: it has to be in Prometheus' text format and of ordinary size.",
)
JOURNAL_CORRUPT = ErrorCode(
    "GS3001", "journal_corrupt", "A journal's bytes do not form the chain that they claim.",
    "Keep the file as evidence. A node goes on under a new name (docs/operating/lost-journal.md); the time it covered is unknown.",
)
JOURNAL_LOCKED = ErrorCode(
    "GS3002", "journal_locked", "Another process writes this journal.",
    "End it first: a journal has one writer.",
)
JOURNAL_WRITE = ErrorCode(
    "GS3003", "journal_write", "A journal cannot be written or synced to disk.",
    "Free space or mend the disk; until then nothing is acknowledged.",
)
JOURNAL_FORKED = ErrorCode(
    "GS3004", "journal_forked", "An agent serves another history than the one already taken in.",
    "Do not delete anything. A node that lost its journal goes on under a new name (docs/operating/lost-journal.md).",
)
JOURNAL_SIGNATURE = ErrorCode(
    "GS3005", "journal_signature", "A journal is signed by a key that is not its node's, or wrongly.",
    "Compare the key with `gpusla-agent key show` on the node; if it is right, or was taken out before all that it signed was fetched, list it in the inventory.",
)
NODE_KEY = ErrorCode(
    "GS3006", "node_key", "A node's key cannot be read, made or replaced.",
    "Give the file to the agent's user alone, mode 0600; a lost key is replaced at the next start.",
)
ENVELOPE = ErrorCode(
    "GS3007", "envelope", "A signed envelope cannot be read, or its signature is not one of the key given.",
    "Rely on nothing in it; fetch it again, and compare the key's fingerprint with its owner's.",
)
BUNDLE = ErrorCode(
    "GS3008", "bundle", "A bundle of evidence is not whole, or its parts do not belong together.",
    "Rely on nothing in it; ask for the bundle again, and run `gpusla verify` on it.",
)
EVIDENCE_LATE = ErrorCode(
    "GS3009", "evidence_late", "Records of a journal came after the month that they speak for was posted.",
    "The posted figures stay. See what the records say (`gpusla collector facts`), and settle it with the other side.",
)
EVIDENCE_UNSIGNED = ErrorCode(
    "GS3010", "evidence_unsigned", "A node that has keys in the inventory no longer signs its journal.",
    "Look at the agent's log and its key (`gpusla-agent key show`); time that nobody signed has grade B.",
)
RECORD_BACKDATED = ErrorCode(
    "GS3011", "record_backdated", "A record came long after the time that it says it was made at, or changes whom slots served before.",
    "Ask who wrote it and why, and settle with both sides what it changes; later statements follow the record.",
)
CLOCK_AHEAD = ErrorCode(
    "GS3012", "clock_ahead", "Records of a journal speak of a time that had not come when they came.",
    "Mend the node's clock; settle with the other side what is to count of that time, before its month is final.",
)
GPU_TWICE = ErrorCode(
    "GS3013", "gpu_twice", "Two nodes' journals say at the same time that one GPU is theirs.",
    "See on both nodes which GPUs they have (`gpusla-agent once`), stop the agent of the one that has not, and settle what it metered.",
)
STATEMENT_ALTERED = ErrorCode(
    "GS3101", "statement_altered", "A statement's figures are not the ones that its digest is of.",
    "Fetch the statement again and compare the two; rely on neither until then.",
)
SIGNING_KEY = ErrorCode(
    "GS3102", "signing_key", "A signing key is not there, cannot be used, or may be used by others.",
    "Name in `signing_key` a file that `gpusla collector key new` made, for the collector's user alone.",
)
SHARED_NODE = ErrorCode(
    "GS3103", "shared_node", "A bundle would show a tenant what nodes did for other contracts.",
    "Add --with-shared-nodes if they agreed to it; otherwise give the signed statement alone.",
)
STORE_UNAVAILABLE = ErrorCode(
    "GS4001", "store_unavailable", "The database does not answer.", "Check its address and disk.",
)
STORE_SCHEMA = ErrorCode(
    "GS4002", "store_schema", "The database has another schema than this version needs.",
    "Run `gpusla collector migrate`.",
)
LEDGER_CONFLICT = ErrorCode(
    "GS4003", "ledger_conflict", "The ledger holds a different decision under the same key.",
    "Stop booking and compare the two: one of the inputs changed.",
)
LEDGER_UNBALANCED = ErrorCode(
    "GS4004", "ledger_unbalanced", "Debits and credits of an entry differ.",
    "This is a defect of the product: nothing was booked; report it.",
)
FENCED = ErrorCode(
    "GS4005", "fenced", "Another collector took over this work.",
    "Nothing to do: this process stepped back without writing.",
)
NOTHING_TO_SHOW = ErrorCode(
    "GS4006", "nothing_to_show", "There is nothing to assess for what was asked.",
    "Check the names, the period and the files that were given.",
)
PERIOD_OPEN = ErrorCode(
    "GS4007", "period_open", "A period cannot be closed before it was judged to its end.",
    "Close it when its end, and the time for late evidence after it, have passed.",
)
LEDGER_RESTORED = ErrorCode(
    "GS4008", "ledger_restored", "The database does not hold what a collector wrote to it.",
    "Restore as docs/operating/restore.md says; nothing is booked before.",
)
AGENT_UNREACHABLE = ErrorCode(
    "GS5001", "agent_unreachable", "An agent does not answer.",
    "Check the node; its time is unknown until its journal can be fetched.",
)
PROMETHEUS_UNREACHABLE = ErrorCode(
    "GS5002", "prometheus_unreachable", "Prometheus does not answer or answers in part.",
    "Check its address; figures that become money do not depend on it.",
)
WITNESSES_DISAGREE = ErrorCode(
    "GS5003", "witnesses_disagree", "Prometheus and the journals tell different state seconds.",
    "Compare the two over the window that the finding names; credits follow the journals.",
)
GRAFANA_REFUSED = ErrorCode(
    "GS5004", "grafana_refused", "Grafana does not answer or does not take a dashboard.",
    "Check its address and that the token may write dashboards; files need neither.",
)

LOGIN_REFUSED = ErrorCode(
    "GS5005", "login_refused", "A page was asked for without a name and password that may see it.",
    "Send the name and password of a user of the web configuration file.",
)
SERVER_BUSY = ErrorCode(
    "GS5006", "server_busy", "A server refuses for a while what would keep it from others.",
    "Ask again after the seconds in Retry-After.",
)
RECEIVER_UNREACHABLE = ErrorCode(
    "GS5007", "receiver_unreachable", "Who is told of bookings does not take an announcement.",
    "Check its address and what it answers; everything is sent again until it is taken.",
)

DEMO_STEP = ErrorCode(
    "GS6001", "demo_step", "A step of the demo did not happen.",
    "Look at the logs in the folder that the demo names.",
)

CODES: tuple[ErrorCode, ...] = tuple(
    value for value in list(globals().values()) if isinstance(value, ErrorCode)
)
