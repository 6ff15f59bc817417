"""The command line: what goes where, which exit code, and what is loaded."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

import sim.cli
from sim.cli import COMMANDS, main
from sim.core.errors import BusyError, OutputError, ResultsError, StorageError, UrbanMineError
from sim.scenario import load as loading
from sim.scenario.keys import nearest
from tests.fixtures.tiny_tree import TinyLibrary

ROOT = Path(__file__).parents[2]
HEAVY = ("numpy", "pandas", "scipy", "plotly", "pyarrow", "simpy")


@pytest.fixture(autouse=True)
def small_library(monkeypatch):
    monkeypatch.setattr(loading, "_shipped_library", TinyLibrary)
    monkeypatch.setattr("sim.cli.validate.load_library", TinyLibrary)


@pytest.fixture
def run(capsys):
    def call(*args: str) -> tuple[int, str, str]:
        code = main(list(args))
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, text: str, name: str = "mine.toml") -> str:
    (folder / name).write_text(f'extends = "baseline"\nname = "Mine"\n{text}', encoding="utf-8")
    return name


def test_compare_says_which_folder_is_not_there(run, here):
    (here / "a").mkdir()
    for folders in (("a", "b"), ("b", "a")):
        assert run("compare", *folders) == (4, "", "urban-mine: b: there is no such folder\n")


def test_help_lists_every_command_there_is(run):
    code, out, err = run("--help")
    assert (code, err) == (0, "")
    for name in ("validate", "new", "schema", "explain"):
        assert f"\n  {name} " in out
    assert all(len(text) < 90 for text in COMMANDS.values())


def test_every_command_has_help_and_json(run):
    for name in sim.cli.LazyGroup(commands={}).list_commands(None):
        code, out, _ = run(name, "--help")
        assert code == 0, name
        assert "--json" in out, name


def test_no_command_is_help_and_wrong_usage(run):
    code, out, err = run()
    assert (code, out) == (2, "")
    assert "validate" in err


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("valdate", "x"), "Did you mean validate?"),
        (("validate",), "Missing argument"),
        (("validate", "--jsn", "x"), "--json"),
        (("schema", "--ou", "x"), "No such option"),
        (("explain",), "Missing argument"),
    ],
)
def test_wrong_usage_is_two_and_abbreviations_are_not_options(run, args, says):
    code, out, err = run(*args)
    assert (code, out) == (2, "")
    assert says in err
    assert "Traceback" not in err


def test_version(run):
    code, out, _ = run("--version")
    assert code == 0
    assert out.startswith("urban-mine ")


def test_validate_says_valid_on_stdout(run, here):
    code, out, err = run("validate", write(here, ""))
    assert code == 0
    assert out.startswith("mine.toml: valid (Mine;")
    assert err == ""


def test_validate_says_faults_of_all_files_on_stderr(run, here):
    good, bad = write(here, ""), write(here, "[run]\nseed = 007\n", "bad.toml")
    worse = write(here, "[tim]\nend = 2030\n[run]\nreplications = 0\n", "worse.toml")
    code, out, err = run("validate", good, bad, worse, "missing.toml")
    assert code == 3
    assert out.splitlines()[0].startswith("mine.toml: valid")
    assert len(out.splitlines()) == 1
    assert err.splitlines()[:4] == [
        "bad.toml:4: 007 starts with a zero. Write seed = 7",
        "worse.toml:3: tim: unknown key. Did you mean time?",
        "worse.toml:6: run.replications: 0 is written; it must be at least 1. Write a number from 1 to 100000.",
        "missing.toml: there is no such file. Did you mean mine.toml?",
    ]


def test_validate_as_json_is_one_object(run, here):
    code, out, err = run("validate", write(here, "[run]\nseed = -1\n"), "--json")
    assert (code, err) == (3, "")
    result = json.loads(out)["files"][0]
    assert result["valid"] is False
    assert result["faults"][0]["line"] == 4
    assert result["faults"][0]["path"] == "run.seed"
    assert set(result["faults"][0]) == {"file", "line", "path", "message", "hint"}


def test_quiet_leaves_out_messages_but_no_faults(run, here):
    code, _, err = run("validate", "-q", write(here, "[run]\nseed = -1\n"))
    assert code == 3
    assert len(err.splitlines()) == 1


def test_new_writes_a_valid_commented_scenario_and_a_schema(run, here):
    code, out, err = run("new", "my_idea")
    assert (code, out) == (0, "wrote my_idea.toml\n")
    assert "urban-mine run my_idea.toml" in err
    text = (here / "my_idea.toml").read_text(encoding="utf-8")
    assert text.startswith("#:schema scenario.schema.json\n")
    assert 'name = "My idea"' in text
    assert json.loads((here / "scenario.schema.json").read_text(encoding="utf-8"))["title"] == "urban-mine scenario"
    assert run("validate", "my_idea.toml")[0] == 0


def test_the_examples_of_a_new_scenario_are_right_when_used(here):
    main(["new", "my_idea"])
    text = (here / "my_idea.toml").read_text(encoding="utf-8")
    lines = text.splitlines()
    used = [
        line[1:] if line.startswith("#") and (line[1:2] == "[" or " = " in line) and not line.startswith("# ") else line
        for line in lines
    ]
    tree = (
        "\n".join(used)
        .replace('metal = "Dy"', 'metal = "Nd"')
        .replace("ree_hydromet", "cu_smelter")
        .replace('"refinery"', '"ree_recycling_separation"')
    )
    (here / "used.toml").write_text(tree, encoding="utf-8")
    spec = loading.load_scenario("used.toml", library=TinyLibrary()).spec
    assert spec.plants[-1].name == "My magnet line"
    assert spec.shocks[0].days.value == 365.0
    assert len(spec.countries["JPN"].channels["delivery_truck"].coverage_share.points) == 2


def test_new_never_overwrites(run, here):
    run("new", "my_idea")
    (here / "my_idea.toml").write_text("mine", encoding="utf-8")
    code, out, err = run("new", "my_idea")
    assert (code, out) == (73, "")
    assert "my_idea.toml exists already" in err
    assert (here / "my_idea.toml").read_text(encoding="utf-8") == "mine"


def test_new_from_another_scenario(run, here):
    write(here, "", "mine.toml")
    assert run("new", "second", "--from", "mine")[0] == 0
    assert 'extends = "mine"' in (here / "second.toml").read_text(encoding="utf-8")
    code, _, err = run("new", "third", "--from", "mina")
    assert code == 2
    assert "Did you mean mine?" in err


def test_new_names_scenarios_only(run, here):
    write(here, "", "mine.toml")
    (here / "pyproject.toml").write_text('[project]\nname = "mine"\n', encoding="utf-8")
    (here / "points.toml").write_text('name = "Points"\nscenario = "mine"\n', encoding="utf-8")
    (here / "broken.toml").write_bytes(b"\xff\xfe")
    code, _, err = run("new", "third", "--from", "zzzzzz")
    assert code == 2
    assert "baseline" in err
    assert "mine" in err
    for other in ("pyproject", "points", "broken"):
        assert other not in err
        assert run("new", "third", "--from", other)[0] == 2


@pytest.mark.parametrize("name", ["con", "a b", "..", "日本", "x" * 70, "a:b", "LPT1", ".hidden", "a."])
def test_names_no_system_likes_are_refused(run, here, name):
    code, out, err = run("new", name)
    assert (code, out) == (2, "")
    assert "cannot be the name" in err
    assert not list(here.iterdir())


def test_new_into_a_folder_that_is_not_there(run, here):
    code, _, err = run("new", "nowhere/idea")
    assert code == 73
    assert "cannot write nowhere" in err


def test_schema_to_stdout_and_to_a_file(run, here):
    code, out, _ = run("schema")
    assert code == 0
    assert run("schema", "--out", "s.json")[0] == 0
    assert (here / "s.json").read_text(encoding="utf-8") == out
    assert run("schema", "--out", "no/s.json")[0] == 73


def test_explain_a_value_with_its_source(run):
    code, out, _ = run("explain", "countries.JPN.channels.delivery_truck.coverage_share")
    assert code == 0
    for words in (
        "the service reaches",
        "unit     share",
        "allowed  0 to 1",
        "value    0.5",
        "source   a book",
        "grade    B (published estimate)",
    ):
        assert words in out


def test_explain_a_stated_value(run, here):
    write(here, "[time]\nend = 2040 # the year of the target\n")
    code, out, _ = run("explain", "time.end", "--in", "mine.toml")
    assert code == 0
    assert "value    2040" in out
    assert "stated   mine.toml:4" in out
    assert "the year of the target" in out


def test_explain_patterns_names_tables_and_json(run):
    assert "needs" not in run("explain", "plants.*.status")[1]
    assert '"announced"' in run("explain", "plants.*.status")[1]
    out = run("explain", "coverage_share")[1]
    assert out.startswith("countries.*.channels.*.coverage_share")
    assert "Last calendar year" in run("explain", "time")[1]
    assert "Saganoseki Smelter" in run("explain", "plants")[1]
    found = json.loads(run("explain", "market.prices.Au.usd_per_kg", "--json")[1])["keys"][0]
    assert found["value"] == "60000.0"
    assert found["evidence"]["grade"] == "D"
    assert "not written" in run("explain", "plants.Saganoseki Smelter.end")[1]


def test_explain_what_is_called_so(run):
    """A metal, a country or a plant is no key by itself, but people ask for it."""
    told = [one["key"] for one in json.loads(run("explain", "Au", "--json")[1])["keys"]]
    assert told[0] == "substances.Au"
    assert "market.prices.Au" in told
    assert [one["key"] for one in json.loads(run("explain", "Saganoseki Smelter", "--json")[1])["keys"]] == [
        "plants.Saganoseki Smelter"
    ]


def test_explain_says_what_money_is_per(run):
    assert "unit     USD per kg" in run("explain", "market.prices.Au.usd_per_kg")[1]
    assert "unit     USD per t" in run("explain", "plants.*.gate_fee_usd_per_t")[1]


@pytest.mark.parametrize(
    ("key", "near"),
    [
        ("covrage_share", "coverage_share"),
        ("time.edn", "time.end"),
        ("countries.JPM.role", "countries.JPN.role"),
        ("markt.prices.Au.usd_per_kg", "market.prices.Au.usd_per_kg"),
        ("plants.Saganosecki Smelter.status", "plants.Saganoseki Smelter.status"),
    ],
)
def test_explain_names_the_nearest_key_on_a_miss(run, key, near):
    code, out, err = run("explain", key)
    assert (code, out) == (2, "")
    assert f"Did you mean {near}?" in err


@pytest.mark.parametrize("key", ["", ".", "a..b", '"', "x" * 5000, "time.end.more", "日本"])
def test_explain_nonsense(run, key):
    code, _, err = run("explain", key)
    assert code == 2
    assert "there is no key" in err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UrbanMineError("went wrong"), 1),
        (ResultsError("went wrong"), 4),
        (OutputError("went wrong"), 73),
        (StorageError("went wrong"), 74),
        (BusyError("went wrong"), 75),
        (KeyboardInterrupt(), 130),
        (OSError(28, "No space left on device", "f"), 74),
        (click.Abort(), 130),
        (ZeroDivisionError("went wrong"), 1),
    ],
)
def test_every_failure_has_its_code_and_one_line(run, monkeypatch, error, code):
    def fail(*_args, **_kwargs):
        raise error

    monkeypatch.setattr(sim.cli.cli, "main", fail)
    found, out, err = run("schema")
    assert (found, out) == (code, "")
    assert len(err.strip().splitlines()) == 1
    assert "Traceback" not in err
    found, out, err = run("schema", "--json")
    assert json.loads(out)["error"]["code"] == code
    assert err == ""


def test_a_bug_shows_where_with_verbose(run, monkeypatch):
    monkeypatch.setattr(sim.cli.cli, "main", lambda *_args, **_kwargs: 1 / 0)
    code, _, err = run("schema", "-v")
    assert code == 1
    assert "Traceback" in err


def test_the_json_error_of_a_scenario_lists_every_fault(run, here):
    write(here, "[run]\nseed = -1\nreplications = 0\n")
    code, out, _ = run("explain", "time.end", "--in", "mine.toml", "--json")
    assert code == 3
    error = json.loads(out)["error"]
    assert (error["file"], error["line"], error["path"]) == ("mine.toml", 4, "run.seed")
    assert [fault["line"] for fault in error["faults"]] == [4, 5]


def python(code: str, *args: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *args],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        cwd=ROOT,
        env={"PATH": "", "PYTHONPATH": str(ROOT), **environment},
    )


@pytest.mark.parametrize(
    "args",
    [
        ["--help"],
        ["validate", "baseline"],
        ["validate", "--help"],
        ["new", "--help"],
        ["schema"],
        ["explain", "time.end"],
        ["--version"],
    ],
)
def test_nothing_heavy_is_loaded(args, record_property):
    code = (
        "import sys, json, time\nfrom sim.cli import main\nmain(sys.argv[1:])\n"
        f"print(json.dumps([name for name in {HEAVY!r} if name in sys.modules] + [time.process_time()]), file=sys.stderr)"
    )
    done = python(code, *args)
    *loaded, seconds = json.loads(done.stderr.splitlines()[-1])
    assert loaded == []
    record_property("cpu_s", seconds)


def test_new_loads_nothing_heavy(here):
    code = (
        f"import os, sys\nos.chdir({str(here)!r})\nfrom sim.cli import main\nassert main(['new', 'x']) == 0\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    assert python(code).stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("encoding", ["cp932", "cp1252", "ascii"])
def test_no_console_encoding_is_a_traceback(encoding):
    done = python(
        "import sys\nfrom sim.cli import main\nsys.exit(main(sys.argv[1:]))", "explain", "配送トラック≤✓", PYTHONIOENCODING=encoding
    )
    assert done.returncode in {2, 3}
    assert "Traceback" not in done.stderr


def test_a_closed_pipe_is_no_failure():
    code = "import sys\nfrom sim.cli import main\nsys.exit(main(['schema']))"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as process:
        process.stdout.read(10)
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()
        assert process.wait() == 0


def test_terminate_ends_with_143():
    code = "import os, signal, sys, sim.cli\nsim.cli.cli.main = lambda *a, **k: os.kill(os.getpid(), signal.SIGTERM)\n"
    done = python(code + "sys.exit(sim.cli.main(['schema']))")
    assert done.returncode == 143
    assert "Traceback" not in done.stderr


def test_the_signal_handler_is_put_back():
    before = signal.getsignal(signal.SIGTERM)
    main(["--version"])
    assert signal.getsignal(signal.SIGTERM) is before


def test_color_is_off_without_a_terminal_or_when_asked(monkeypatch):
    from sim.cli.common import output_options

    @click.command()
    @output_options
    def show(out):
        seen.append(out.color)

    seen: list[bool] = []
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    show.main([], standalone_mode=False)
    show.main(["--no-color"], standalone_mode=False)
    monkeypatch.setenv("NO_COLOR", "1")
    show.main([], standalone_mode=False)
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    show.main([], standalone_mode=False)
    assert seen == [True, False, False, False]


def test_an_empty_file_is_told_how_to_begin(run, here):
    (here / "empty.toml").write_text("", encoding="utf-8")
    code, _, err = run("validate", "empty.toml")
    assert code == 3
    assert 'Begin with extends = "baseline"' in err


@pytest.mark.parametrize(
    ("written", "names", "near"),
    [
        ("ree_recycling", ("appliance_recycling", "ree_hydromet", "remelt"), "ree_hydromet"),
        ("ree_recycling", ("appliance_recycling", "ree_recycling_separation"), "ree_recycling_separation"),
        ("cu_smeltr", ("pb_smelter", "cu_smelter", "cu_hydromet"), "cu_smelter"),
        ("xy_recycling", ("appliance_recycling", "remelt"), "appliance_recycling"),
    ],
)
def test_the_first_word_of_a_name_says_most(written, names, near):
    assert nearest(written, names) == near
