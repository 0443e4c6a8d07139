"""What a cell may be that is no number, and how to get at a number in it: for errors of `Table.numbers`."""

import re

DIGITS = r"[0-9]+(?:[.,][0-9]+)*"
CURRENCY = r"[$€£¥₹₽₩¢]|\b(?:USD|EUR|GBP|CHF|JPY)(?![a-z])"
THOUSANDS = r"[+-]?[0-9]{1,3}([ \u00a0\u2009\u202f'’_][0-9]{3})+([.,][0-9]+)?|[0-9]+(_[0-9]+)+"
UNIT = rf"[+-]?{DIGITS}\s*(?:[^\W\d_]|[/.²³°µ]){{1,8}}[23]?|[+-]?{DIGITS}\s*[°*†]+\w?"
LONGEST = 40  # characters of what may be a number to people
NUMBER_ONLY = "[float(re.match('[-+.0-9]+', cell)[0]) for cell in table.column(…)] takes it off."
DECIDE = "decide what it counts as, in the file or among table.column(…)."


def without(method: str) -> str:
    """How to take marks off the texts of a column."""
    return f"Take it off in the file, or of the texts: [float(cell.{method}) for cell in table.column(…)]."


# fmt: off
KINDS = (  # the whole cell, and what to do; the first that fits counts
    (r"[+-]?[0-9]+,[0-9]+",                                   "Decimal commas: read_csv(…, decimal=','); commas between thousands: thousands=','."),
    (r"[+-]?[0-9]{1,3}(,[0-9]{2,3})+(\.[0-9]+)?",             "Commas between thousands: read_csv(…, thousands=',')."),
    (r"[+-]?[0-9]{1,3}(\.[0-9]{3})*,[0-9]+",                  "A decimal comma after thousands: read_csv(…, decimal=',', thousands='.')."),
    (r"[+-]?[0-9]{1,3}(\.[0-9]{3}){2,}",                      "Points between thousands: read_csv(…, thousands='.', decimal=',')."),
    (THOUSANDS,                                               "Marks between thousands: read_csv(…, thousands=' '), or what else it is."),
    (rf"(?=.*[0-9]).*({CURRENCY}).*",                         "A sign of currency: " + without("strip('$€ ')")),
    (rf"[+-]?{DIGITS}\s*[%‰]",                                "A percentage: " + without("rstrip(' %')")),
    (r"(?i:true|false|yes|no|t|f|y|n|on|off)",                "A truth value: table.labels(…) == 'True' is an array of booleans."),
    (r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([T ][0-9:.]+Z?)?",      "A date: np.array(table.column(…), 'datetime64[s]') has them all."),
    (r"[0-9]{1,4}([./-])[0-9]{1,2}\1[0-9]{1,4}(\s.*)?",       "A date: datetime.strptime(cell, '%d/%m/%Y') for each cell of table.column(…)."),
    (r"[0-9]{1,2}(:[0-9]{2}){1,2}(\.[0-9]+)?",                "A time of day: split(':') the cells of table.column(…)."),
    (r"[+-]?(?i:inf|infinity)",                               "Only finite numbers are read; read_csv(…, missing=(…)) makes it a missing value."),
    (r"[+-]?0[xX][0-9a-fA-F]+",                               "A hexadecimal number: [int(cell, 16) for cell in table.column(…)]."),
    (r"[−–—][0-9].*",                                         "Its minus is another sign than '-': " + without("replace('−', '-')")),
    (r"\([0-9][^()]*\)",                                      "A negative number of accounts: write it with '-'."),
    (rf"[<>~≤≥≈±]=?\s*{DIGITS}|{DIGITS}\s*[+?]",              "A bound, or about a number: " + DECIDE),
    (rf"{DIGITS}\s*([-–/:]|to)\s*{DIGITS}",                   "A range, or a fraction: " + DECIDE),
    (r"[+-]?[0-9.]+[dD][+-]?[0-9]+",                          "An exponent of Fortran: " + without("replace('D', 'E')")),
    (r"[+-]?[0-9]+(\.[0-9]*)?[eE][+-]?[0-9]+",                "It is too large for a float."),
    (r"""(['"]).*\1""",                                       "It is in quotes: read_csv(…, quotechar=…) takes them off."),
    (r".*[0-9]i|.*[0-9][jJ]",                                 "A complex number: [complex(cell) for cell in table.column(…)]."),
    (UNIT,                                                    "A unit or a mark stands after the number: " + NUMBER_ONLY),
)
# fmt: on


def advice(cell: str) -> str:
    """How to get at the number in a cell that people take for one; empty if it looks like none."""
    if cell.isdecimal():  # and yet no number
        return "Its digits are to be written as 0 to 9."
    if len(cell) > LONGEST:
        return ""
    return next((fix for pattern, fix in KINDS if re.fullmatch(pattern, cell)), "")


def text_advice(cell: str) -> str:
    """What text can be that stands where a number is expected."""
    missing = "; a word for missing values is named by read_csv(…, missing=(…))"
    return f"A column of text is read by labels(…){missing * (not any(map(str.isdecimal, cell)))}."
