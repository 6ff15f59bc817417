"""Every sentence a faulty scenario file can bring about, in one place so that it can be translated.

A wording is (message, hint). Braces name what the finder of the fault fills in. Types of pydantic errors stand under
their pydantic name, everything else under a name of ours.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from sim.scenario.wording_ja import JAPANESE

# what a file is, before anything in it is read
FILES: dict[str, tuple[str, str]] = {
    "no_file": ("there is no such file.", "{hint}"),
    "not_regular": ("this is {what}, not a file.", "Give the path of a scenario file (.toml)."),
    "unreadable": ("the file cannot be read ({why}).", "Check that you may open it."),
    "too_big": ("the file has {mb} MB; a scenario has at most {limit} MB.", "Keep tables of data out of scenario files."),
    "utf16": ("the file is saved as UTF-16, not UTF-8.", "{save}"),
    "shift_jis": ("the file is saved as Shift-JIS, not UTF-8.", "{save}"),
    "other_encoding": ("the file is not saved as UTF-8 (byte {byte} here).", "{save}"),
    "save_as_utf8": ("In Notepad: File, Save as, Encoding: UTF-8. In Excel: do not use it for scenario files.", ""),
    "cr_only": (
        "lines end with a carriage return only (old Macintosh).",
        "Save with line ends of Windows (CR LF) or Unix (LF): in your editor, Line endings: LF.",
    ),
    "too_deep": (
        "tables are nested deeper than {limit} levels here.",
        "A scenario needs at most 8: close the brackets opened before.",
    ),
    "extends_type": ("{written} is written; extends names one scenario.", 'Write for example extends = "baseline".'),
    "extends_missing": ("there is no scenario {written} in this folder or the library.", "{hint}"),
    "extends_outside": (
        "{written} is not a name; a scenario can only extend one of its own folder or the library.",
        'Write the name alone, for example extends = "baseline".',
    ),
    "extends_link": ("{written} leads outside the folder of this scenario and the library.", "Copy the file into the folder."),
    "extends_loop": ("scenarios extend each other in a circle: {chain}.", "Let one of them extend another scenario or none."),
    "extends_depth": ("more than {limit} scenarios extend each other: {chain}.", "Put settings of some of them together."),
    "stated_type": ("only a resolved scenario holds `stated`, a list of key paths.", "Leave the line out."),
}

# what a text is, before it is a tree
SYNTAX: dict[str, tuple[str, str]] = {
    "wide_character": ("{name} stands here; TOML needs {plain}.", "Write {fixed}"),
    "other_space": (
        "{name} stands here; only the plain space and tab may be used outside quotes.",
        "Replace it with a plain space.",
    ),
    "invisible": ("an invisible character, {name}, stands here.", "Delete it (retype the line)."),
    "control": ("a control character, {name}, stands here.", "Delete it (retype the line)."),
    "decimal_comma": ("{written} has a decimal comma; TOML needs a point.", "Write {fixed}"),
    "thousands_comma": ("{written} has marks between thousands.", "Write {fixed}"),
    "percent": ("{written} has a percent sign; shares are written from 0 to 1.", "Write {fixed}"),
    "boolean_word": ("{written} is not how TOML says it.", "Write {fixed}"),
    "none_word": ("{written} is no value in TOML.", "Leave the line out to keep the value of the scenario it extends."),
    "leading_zero": ("{written} starts with a zero.", "Write {fixed}"),
    "bare_point": ("{written} needs a digit before and after the point.", "Write {fixed}"),
    "unit_after_number": ("{written} has a unit; the unit is part of the key's name.", "Write the number alone: {fixed}"),
    "money_sign": ("{written} has a currency sign; the unit is part of the key's name.", "Write the number alone: {fixed}"),
    "range_dash": ("{written} is not a range in TOML.", "Write {fixed}"),
    "other_date": ("{written} is not how TOML writes a date.", "Write {fixed}"),
    "bare_text": ("{written} is text without quotes.", "Write {fixed}"),
    "no_value": (
        "there is no value after the = of {key}.",
        "Write a value, or delete the line to keep the value of the scenario it extends.",
    ),
    "no_key": ("there is no key before the =.", "Write {fixed}"),
    "colon": ("a colon stands where TOML needs =.", "Write {fixed}"),
    "double_equals": ("two equals signs stand here.", "Write {fixed}"),
    "no_equals": ("the = between key and value is missing.", "Write {fixed}"),
    "key_space": ("the key {key} has a space in it.", "Write {fixed}"),
    "key_letters": (
        "the key {key} has letters that need quotes.",
        "Keys are the English names; see `urban-mine explain`, or write {fixed}",
    ),
    "two_settings": ("two settings stand on one line.", "Put each on its own line: {fixed}"),
    "line_end_mark": ("the line ends with {mark}.", "Write {fixed}"),
    "other_comment": ("TOML comments start with #.", "Write {fixed}"),
    "merge_mark": ("this is a conflict mark of a version control tool.", "Keep one of the two versions and delete the marks."),
    "header_brackets": ("the brackets of this header do not match.", "Write {fixed}"),
    "header_more": ("something stands after the header.", "Put it on the next line."),
    "header_empty": ("the header has no name, or an empty part.", "Write for example [time]."),
    "backslash": (
        "\\{character} in a text in double quotes has no meaning.",
        "Use single quotes ('C:\\...') or double the backslash (\\\\).",
    ),
    "escape": ("a character is not written right after the backslash.", "Type the character itself, or \\u and four hex digits."),
    "open_text": ("a text starts here and its closing quote is missing.", "Close the quotes on the same line."),
    "open_long_text": ("a text in triple quotes starts here and is never closed.", "Close it with the same three quotes."),
    "open_bracket": ("the {bracket} opened here is never closed.", "Add {closing}"),
    "unfinished_list": (
        "the list opened here is not right: a comma or the closing ] is missing.",
        "Put commas between entries and ] at the end.",
    ),
    "table_lines": (
        "a table in { } must stand on one line.",
        "Put it on one line, or write it as a section [{key}] with a line for each setting.",
    ),
    "two_commas": ("two commas stand next to each other.", "Delete one of them."),
    "no_comma": ("a comma is missing between two entries of the list.", "Put a comma between them."),
    "table_comma": ("a table in { } must not end with a comma.", "Delete the comma before }."),
    "twice": ("{key} is written a second time; it was first written on line {first}.", "Keep one of them."),
    "table_twice": (
        "[{key}] is opened a second time; it was first opened on line {first}.",
        "Put all its settings under one header.",
    ),
    "table_closed": (
        "{key} has been written before as something else.",
        "Write {key} in one way only: as a section, or in { }, or as one value.",
    ),
    "array_or_table": ("{key} is written both as [{key}] and as [[{key}]].", "Entries of a list need double brackets: [[{key}]]."),
    "huge_number": (
        "the number here has {digits} digits.",
        "Write a number a person can read; the unit is part of the key's name.",
    ),
    "not_a_date": ("{written} is not a day of the calendar.", "Write year-month-day, for example 2026-10-01."),
    "other": ("this line is not understood.", "A line is: key = value. Text stands in quotes, numbers have a point and no unit."),
}

# what a value is, once there is a tree; names of pydantic's error types
VALUES: dict[str, tuple[str, str]] = {
    "missing": ("{key} is missing{meaning}.", "Write for example {example}"),
    "missing_many": ("keys are missing: {keys}.", "{hint}"),
    "new_entry": ("there is no {name} yet.", "{hint} A new one also needs {keys}."),
    "extra_forbidden": ("unknown key.", "{hint}"),
    "more_faults": ("{count} values are wrong; this list covers the first {listed}.", "Mend these, then check again."),
    "quantity_type": ("{written} is written; {allowed} is needed.", "{hint}"),
    "quantity_bounds": ("{written} is outside what is allowed: {low} to {high} [{unit}].", "{hint}"),
    "finite_number": ("{written} is not a finite number.", "Write {example}"),
    "spread_keys": (
        "a range has exactly low, mode and high; written is {written}.",
        "Write { low = 0.1, mode = 0.2, high = 0.3 } with your numbers.",
    ),
    "spread_order": ("a range has low <= mode <= high; written is {written}.", "Put the three in order: {fixed}"),
    "path_year": ("{written} is not a year from {first} to {last}.", "A path over time is written { 2026 = 0.1, 2030 = 0.6 }."),
    "path_empty": ("the table is empty.", "Write a number, { low, mode, high } or { 2026 = 0.1, 2030 = 0.6 }."),
    "bool_type": ("{written} is written; true or false is needed.", "{hint}"),
    "int_type": ("{written} is written; a whole number is needed.", "{hint}"),
    "int_from_float": ("{written} is written; a whole number is needed.", "{hint}"),
    "int_parsing_size": ("the number is too large.", "{hint}"),
    "float_type": ("{written} is written; a number is needed.", "{hint}"),
    "string_type": ("{written} is written; text in quotes is needed.", "{hint}"),
    "string_unicode": ("the text has characters that cannot be stored.", "Retype it."),
    "string_too_long": ("the text has more than {max_length} characters.", "Shorten it."),
    "string_too_short": ("the text is empty.", "Write something between the quotes."),
    "string_pattern_mismatch": ("{written} is not allowed here; {pattern_words}.", "{hint}"),
    "date_type": ("{written} is written; a date is needed.", "{hint}"),
    "date_from_datetime_inexact": ("{written} has a time of day; a date is needed.", "{hint}"),
    "literal_error": ("{written} is not one of the choices: {expected}.", "{hint}"),
    "greater_than": ("{written} is written; more than {gt} is needed.", ""),
    "greater_than_equal": ("{written} is written; it must be at least {ge}.", "Write a number from {range}."),
    "less_than": ("{written} is written; less than {lt} is needed.", ""),
    "less_than_equal": ("{written} is written; it must be at most {le}.", "Write a number from {range}."),
    "model_type": ("{written} is written; a table of settings is needed.", "{hint}"),
    "model_attributes_type": ("{written} is written; a table of settings is needed.", "{hint}"),
    "dict_type": ("{written} is written; a table of settings is needed.", "{hint}"),
    "tuple_type": ("{written} is written; a list is needed.", "{hint}"),
    "list_type": ("{written} is written; a list is needed.", "{hint}"),
    "too_short": ("the list is empty; it needs at least {min_length}.", "Write at least one entry between the brackets."),
    "too_long": ("the list has more than {max_length} entries.", ""),
    "recursion_loop": ("the value contains itself.", ""),
    "no_name": ("this entry of {key} has no name.", 'Write name = "..." in it: entries are put together by name.'),
    "same_name": ("two entries of {key} are called {written}.", "Give one of them another name."),
    "not_entries": ("{key} is a list of entries; written is {written}.", "Write each entry under its own header [[{key}]]."),
    "value_error": ("{said}.", "{hint}"),
    "assertion_error": ("{said}.", ""),
    "channel_dates": ("{said}.", "Put the dates in order."),
    "channels_sum": ("{said}.", "Lower coverage_share or participation_share of one of them."),
    "transfer_sum": ("{said}.", "Lower one of them; what no output gets is residue."),
    "commissioning_missing": ("{said}.", "Add commissioning with one of the classes of `urban-mine explain commissioning`."),
    "not_understood": ("{written} is not accepted here.", "See `urban-mine explain {path}`."),
}

# what does not fit together, once every value is right by itself
CHECKS: dict[str, tuple[str, str]] = {
    "unknown_name": ("there is no {what} called {written}.", "{hint}"),
    "time_order": ("the run ends in {end}, before it starts in {start}.", "Write start <= end."),
    "dates_order": ("it ends on {end}, not after its start on {start}.", "Put the dates in order."),
    "sum_above": ("the shares of {what} add up to {total}{when}; at most 1 is possible.", "Lower one of them."),
    "announced_order": ("it starts on {start}, not after its announcement on {announced}.", "Put the dates in order."),
    "no_date": ("a plant that is {status} needs the day it was announced, or the first day announced for it.", "{hint}"),
    "background_above": (
        "{background} t a year of background feed is more than the capacity of {capacity} t.",
        "Write at most the capacity.",
    ),
    "contents_above": (
        "the contents add up to {total} g, more than the device's reference mass of {mass} kg.",
        "Check the units: grams per unit.",
    ),
    "home_needs": (
        "a country of the study needs {missing}.",
        'Add it, or write role = "partner" for a country that only receives material.',
    ),
    "no_zone": ("the country has no zone.", "Add [zones.<key>] with country = {country}."),
}

UNIT_WORDS: dict[str, str] = {
    "another_unit": "The key is {right}: {how}",
    "its_unit": "the unit is part of its name.",
    "times": "multiply by {factor}, {fixed}",
    "times_all": "multiply each number by {factor}.",
    "as_in": "Write them as in {other}.",
    "extend": 'Begin with extends = "baseline", which takes all that is not written from there.',
    "did_you_mean": "Did you mean {right}?",
    "did_you_mean_value": "Did you mean {fixed}?",
    "allowed": "Allowed here: {names}.",
    "write": "Write {fixed}",
    "belongs": "It belongs under {place}.",
    "number_from": "Write a number from {range}.",
    "not_negative": "It cannot be negative: write a number from {range}.",
    "check_path": "Check the path.",
    "and_more": "{names} and {count} more",
}

PATTERNS: dict[str, str] = {
    r"^[A-Z]{3}$": "a country is three capital letters (ISO code), such as JPN",
    r"^([A-Z]{3}|\*)$": 'a country is three capital letters (ISO code), such as JPN, or "*" for every country',
    r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$": "a key is 1 to 64 letters A-Z, digits, _ or -, and starts with a letter or digit",
    r"^[A-Za-z0-9][A-Za-z0-9_ .,()&/+'-]{0,79}$": (
        "a name is 1 to 80 letters A-Z, digits, spaces or _ . , ( ) & / + ' - and starts with a letter or digit"
    ),
}


def say(group: dict[str, tuple[str, str]], code: str, /, **values: object) -> tuple[str, str]:
    """Message and hint of one wording with its braces filled in; braces without a value stay as they are."""
    message, hint = group[code]
    return fill(message, values), fill(hint, values)


def listed(names: Iterable[str], most: int = 24) -> str:
    """Names with commas, cut after the first ones."""
    known = list(names)
    first, rest = ", ".join(known[:most]), len(known) - most
    return fill(UNIT_WORDS["and_more"], {"names": first, "count": rest}) if rest > 0 else first


def japanese() -> bool:
    """Whether messages are to be Japanese: what the environment says, in the order of POSIX."""
    said = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := os.environ.get(name))), "")
    return said.partition("_")[0].partition(".")[0] == "ja"


def translated(sentence: str) -> str:
    """A sentence of this file in the language of the reader."""
    return JAPANESE.get(sentence, sentence) if japanese() else sentence


def fill(template: str, values: dict[str, object]) -> str:
    """Replace `{name}` by its value; never reads attributes and leaves other braces alone, so text of users is safe.

    The template is put into the language of the reader first.
    """
    parts: list[str] = []
    rest = translated(template)
    while True:
        start = rest.find("{")
        end = rest.find("}", start)
        if start < 0 or end < 0:
            return "".join((*parts, rest))
        name = rest[start + 1 : end]
        if name in values:
            parts += [rest[:start], str(values[name])]
            rest = rest[end + 1 :]
        else:
            parts.append(rest[: start + 1])
            rest = rest[start + 1 :]
