"""What `run`, `report`, `compare` and `sweep` say to people, in English or Japanese as the environment asks.

What programs read (`--json`, exit codes, names of tables and keys) is the same in every language.
"""

from __future__ import annotations

from sim.scenario.wording import fill, japanese

JAPANESE: dict[str, str] = {
    "Wrote {folder} in {seconds} s. Next: {following}": "{folder}に書き込みました({seconds}秒)。次:{following}",
    "Wrote {file}": "{file}に書き込みました",
    "Next: {following}": "次:{following}",
    "open {page}": "{page}を開く",
    "Trips: {folder}, a file for each replication": "走行記録:{folder}(反復ごとに1ファイル)",
    "warning: {text}": "注意:{text}",
    "warning: {count} more in manifest.json and on the first page of the report": (
        "注意:ほかに{count}件(manifest.jsonとレポートの1ページ目にあります)"
    ),
    "failed: run {run}, point {point}: {message}": "失敗:実行{run}、点{point}:{message}",
    "failed: {count} more; column message of outcomes.parquet names them all": (
        "失敗:ほかに{count}件(outcomes.parquetのmessage列にすべてあります)"
    ),
    "complete": "完了",
    "{there} of {runs} runs are there; other shares are missing": "{runs}回のうち{there}回分があります。ほかの分担がまだです",
    "{folder}: {state} ({seconds} s, {failed} of {there} runs failed)": (
        "{folder}:{state}({seconds}秒、{there}回のうち{failed}回失敗)"
    ),
    "stopped; what is finished is kept. To go on: {again}": "止めました。終わった分は残っています。続けるには:{again}",
}


def told(message: str, /, **values: object) -> str:
    """A message in the language of the reader, its braces filled in."""
    return fill(JAPANESE.get(message, message) if japanese() else message, values)
