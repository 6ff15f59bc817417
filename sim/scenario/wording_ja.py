"""The sentences of `scenario.wording` in Japanese, by their English; braces are those of the English."""

from __future__ import annotations

JAPANESE: dict[str, str] = {
    # files
    "there is no such file.": "このファイルはありません。",
    "this is {what}, not a file.": "ファイルではなく{what}です。",
    "Give the path of a scenario file (.toml).": "シナリオファイル(.toml)のパスを指定してください。",
    "the file cannot be read ({why}).": "ファイルを読めません({why})。",
    "Check that you may open it.": "開く権限があるか確かめてください。",
    "the file has {mb} MB; a scenario has at most {limit} MB.": "ファイルが{mb} MBあります。シナリオは{limit} MBまでです。",
    "Keep tables of data out of scenario files.": "データの表はシナリオファイルに入れないでください。",
    "the file is saved as UTF-16, not UTF-8.": "ファイルがUTF-8ではなくUTF-16で保存されています。",
    "the file is saved as Shift-JIS, not UTF-8.": "ファイルがUTF-8ではなくShift-JISで保存されています。",
    "the file is not saved as UTF-8 (byte {byte} here).": "ファイルがUTF-8で保存されていません(ここにバイト{byte})。",
    "In Notepad: File, Save as, Encoding: UTF-8. In Excel: do not use it for scenario files.": (
        "メモ帳では「名前を付けて保存」で文字コードをUTF-8にしてください。Excelはシナリオファイルには使わないでください。"
    ),
    "lines end with a carriage return only (old Macintosh).": "行末が復帰(CR)だけです(旧Macintosh形式)。",
    "Save with line ends of Windows (CR LF) or Unix (LF): in your editor, Line endings: LF.": (
        "改行をWindows(CR LF)またはUnix(LF)にして保存してください。"
    ),
    "tables are nested deeper than {limit} levels here.": "ここで表の入れ子が{limit}段を超えています。",
    "A scenario needs at most 8: close the brackets opened before.": (
        "シナリオに必要なのは8段までです。前に開いた括弧を閉じてください。"
    ),
    "{written} is written; extends names one scenario.": "{written}と書かれています。extendsにはシナリオ名を一つ書きます。",
    'Write for example extends = "baseline".': '例:extends = "baseline"',
    'Begin with extends = "baseline", which takes all that is not written from there.': (
        '最初にextends = "baseline"と書くと、書かれていない値はすべてそこから取られます。'
    ),
    "there is no scenario {written} in this folder or the library.": "このフォルダーにも同梱シナリオにも{written}はありません。",
    "{written} is not a name; a scenario can only extend one of its own folder or the library.": (
        "{written}は名前ではありません。引き継げるのは同じフォルダーか同梱のシナリオだけです。"
    ),
    'Write the name alone, for example extends = "baseline".': '名前だけを書いてください。例:extends = "baseline"',
    "{written} leads outside the folder of this scenario and the library.": (
        "{written}はこのシナリオのフォルダーと同梱シナリオの外を指しています。"
    ),
    "Copy the file into the folder.": "ファイルをフォルダーにコピーしてください。",
    "scenarios extend each other in a circle: {chain}.": "シナリオが互いに引き継いで循環しています:{chain}。",
    "Let one of them extend another scenario or none.": "どれか一つの引き継ぎ先を変えるか、なくしてください。",
    "more than {limit} scenarios extend each other: {chain}.": "{limit}を超えるシナリオが連なっています:{chain}。",
    "Put settings of some of them together.": "いくつかの設定を一つにまとめてください。",
    "only a resolved scenario holds `stated`, a list of key paths.": "`stated`(キーの一覧)は展開済みシナリオだけにあります。",
    "Leave the line out.": "この行を消してください。",
    # syntax
    "{name} stands here; TOML needs {plain}.": "ここに{name}があります。TOMLでは{plain}を使います。",
    "Write {fixed}": "次のように書いてください:{fixed}",
    "{name} stands here; only the plain space and tab may be used outside quotes.": (
        "ここに{name}があります。引用符の外では半角の空白とタブだけが使えます。"
    ),
    "Replace it with a plain space.": "半角の空白に置き換えてください。",
    "an invisible character, {name}, stands here.": "見えない文字({name})があります。",
    "a control character, {name}, stands here.": "制御文字({name})があります。",
    "Delete it (retype the line).": "削除してください(行を打ち直すと確実です)。",
    "{written} has a decimal comma; TOML needs a point.": "{written}の小数点がコンマです。TOMLではピリオドを使います。",
    "{written} has marks between thousands.": "{written}に桁区切りがあります。",
    "{written} has a percent sign; shares are written from 0 to 1.": "{written}に%があります。割合は0から1で書きます。",
    "{written} is not how TOML says it.": "{written}はTOMLの書き方ではありません。",
    "{written} is no value in TOML.": "{written}はTOMLの値ではありません。",
    "Leave the line out to keep the value of the scenario it extends.": "行を消すと、引き継ぎ元の値が使われます。",
    "{written} starts with a zero.": "{written}は0で始まっています。",
    "{written} needs a digit before and after the point.": "{written}は小数点の前後に数字が必要です。",
    "{written} has a unit; the unit is part of the key's name.": "{written}に単位があります。単位はキーの名前に含まれています。",
    "Write the number alone: {fixed}": "数字だけを書いてください:{fixed}",
    "{written} has a currency sign; the unit is part of the key's name.": (
        "{written}に通貨記号があります。単位はキーの名前に含まれています。"
    ),
    "{written} is not a range in TOML.": "{written}はTOMLの範囲の書き方ではありません。",
    "{written} is not how TOML writes a date.": "{written}はTOMLの日付の書き方ではありません。",
    "{written} is text without quotes.": "{written}は引用符のない文字列です。",
    "there is no value after the = of {key}.": "{key}の=の後に値がありません。",
    "Write a value, or delete the line to keep the value of the scenario it extends.": (
        "値を書くか、行を消して引き継ぎ元の値を使ってください。"
    ),
    "there is no key before the =.": "=の前にキーがありません。",
    "a colon stands where TOML needs =.": "=の代わりにコロンがあります。",
    "two equals signs stand here.": "=が二つあります。",
    "the = between key and value is missing.": "キーと値の間の=がありません。",
    "the key {key} has a space in it.": "キー{key}に空白が入っています。",
    "the key {key} has letters that need quotes.": "キー{key}に引用符の必要な文字があります。",
    "Keys are the English names; see `urban-mine explain`, or write {fixed}": (
        "キーは英語名です(`urban-mine explain`を参照)。または次のように書いてください:{fixed}"
    ),
    "two settings stand on one line.": "一行に二つの設定があります。",
    "Put each on its own line: {fixed}": "一行に一つずつ書いてください:{fixed}",
    "the line ends with {mark}.": "行末に{mark}があります。",
    "TOML comments start with #.": "TOMLのコメントは#で始めます。",
    "this is a conflict mark of a version control tool.": "版管理ツールの衝突の印が残っています。",
    "Keep one of the two versions and delete the marks.": "どちらかの版を残し、印を消してください。",
    "the brackets of this header do not match.": "見出しの括弧が対応していません。",
    "something stands after the header.": "見出しの後に余分なものがあります。",
    "Put it on the next line.": "次の行に移してください。",
    "the header has no name, or an empty part.": "見出しの名前がないか、一部が空です。",
    "Write for example [time].": "例:[time]",
    "\\{character} in a text in double quotes has no meaning.": "二重引用符の中の\\{character}には意味がありません。",
    "Use single quotes ('C:\\...') or double the backslash (\\\\).": (
        "一重引用符を使うか('C:\\...')、\\を二つ書いてください(\\\\)。"
    ),
    "a character is not written right after the backslash.": "\\の後の文字の書き方が正しくありません。",
    "Type the character itself, or \\u and four hex digits.": "文字をそのまま打つか、\\uと16進4桁で書いてください。",
    "a text starts here and its closing quote is missing.": "ここで始まる文字列の閉じる引用符がありません。",
    "Close the quotes on the same line.": "同じ行で引用符を閉じてください。",
    "a text in triple quotes starts here and is never closed.": "ここで始まる三重引用符の文字列が閉じられていません。",
    "Close it with the same three quotes.": "同じ三つの引用符で閉じてください。",
    "the {bracket} opened here is never closed.": "ここで開いた{bracket}が閉じられていません。",
    "Add {closing}": "{closing}を加えてください",
    "the list opened here is not right: a comma or the closing ] is missing.": (
        "ここで始まる一覧が正しくありません。コンマか閉じる]がありません。"
    ),
    "Put commas between entries and ] at the end.": "項目の間にコンマ、最後に]を書いてください。",
    "a table in { } must stand on one line.": "{ }の表は一行に書きます。",
    "Put it on one line, or write it as a section [{key}] with a line for each setting.": (
        "一行に書くか、[{key}]という節にして設定を一行ずつ書いてください。"
    ),
    "two commas stand next to each other.": "コンマが続けて二つあります。",
    "Delete one of them.": "一つ消してください。",
    "a comma is missing between two entries of the list.": "一覧の項目の間にコンマがありません。",
    "Put a comma between them.": "間にコンマを入れてください。",
    "a table in { } must not end with a comma.": "{ }の表はコンマで終われません。",
    "Delete the comma before }.": "}の前のコンマを消してください。",
    "{key} is written a second time; it was first written on line {first}.": "{key}が二度書かれています(最初は{first}行目)。",
    "Keep one of them.": "どちらか一つを残してください。",
    "[{key}] is opened a second time; it was first opened on line {first}.": "[{key}]が二度開かれています(最初は{first}行目)。",
    "Put all its settings under one header.": "設定を一つの見出しの下にまとめてください。",
    "{key} has been written before as something else.": "{key}は前に別の形で書かれています。",
    "Write {key} in one way only: as a section, or in { }, or as one value.": (
        "{key}は、節・{ }・一つの値のどれか一つの形で書いてください。"
    ),
    "{key} is written both as [{key}] and as [[{key}]].": "{key}が[{key}]と[[{key}]]の両方で書かれています。",
    "Entries of a list need double brackets: [[{key}]].": "一覧の項目は二重の括弧で書きます:[[{key}]]",
    "the number here has {digits} digits.": "ここの数字は{digits}桁あります。",
    "Write a number a person can read; the unit is part of the key's name.": (
        "人が読める数字を書いてください。単位はキーの名前に含まれています。"
    ),
    "{written} is not a day of the calendar.": "{written}という日付はありません。",
    "Write year-month-day, for example 2026-10-01.": "年-月-日で書いてください。例:2026-10-01",
    "this line is not understood.": "この行を理解できません。",
    "A line is: key = value. Text stands in quotes, numbers have a point and no unit.": (
        "行は「キー = 値」です。文字列は引用符で囲み、数字は小数点にピリオドを使い、単位を付けません。"
    ),
    # values
    "{key} is missing{meaning}.": "{key}がありません{meaning}。",
    "Write for example {example}": "例:{example}",
    "keys are missing: {keys}.": "キーがありません:{keys}。",
    "there is no {name} yet.": "{name}はまだありません。",
    "{hint} A new one also needs {keys}.": "{hint}新しく作るなら、次も必要です:{keys}。",
    "unknown key.": "知らないキーです。",
    "{count} values are wrong; this list covers the first {listed}.": (
        "誤りが{count}件あります。この一覧は初めの{listed}件についてです。"
    ),
    "Mend these, then check again.": "これらを直してから、もう一度確かめてください。",
    "{written} is written; {allowed} is needed.": "{written}と書かれています。必要なのは次のものです:{allowed}。",
    "{written} is outside what is allowed: {low} to {high} [{unit}].": "{written}は許される範囲({low}~{high} [{unit}])の外です。",
    "{written} is not a finite number.": "{written}は有限の数ではありません。",
    "Write {example}": "次のように書いてください:{example}",
    "a range has exactly low, mode and high; written is {written}.": (
        "範囲にはlow、mode、highの三つだけを書きます。今は{written}です。"
    ),
    "Write { low = 0.1, mode = 0.2, high = 0.3 } with your numbers.": (
        "{ low = 0.1, mode = 0.2, high = 0.3 }の形で自分の数字を書いてください。"
    ),
    "a range has low <= mode <= high; written is {written}.": "範囲はlow <= mode <= highの順です。今は{written}です。",
    "Put the three in order: {fixed}": "三つを順に並べてください:{fixed}",
    "{written} is not a year from {first} to {last}.": "{written}は{first}年から{last}年までの年ではありません。",
    "A path over time is written { 2026 = 0.1, 2030 = 0.6 }.": "時間とともに変わる値は{ 2026 = 0.1, 2030 = 0.6 }と書きます。",
    "the table is empty.": "表が空です。",
    "Write a number, { low, mode, high } or { 2026 = 0.1, 2030 = 0.6 }.": (
        "数字、{ low, mode, high }、または{ 2026 = 0.1, 2030 = 0.6 }を書いてください。"
    ),
    "{written} is written; true or false is needed.": "{written}と書かれています。必要なのはtrueかfalseです。",
    "{written} is written; a whole number is needed.": "{written}と書かれています。必要なのは整数です。",
    "the number is too large.": "数が大きすぎます。",
    "{written} is written; a number is needed.": "{written}と書かれています。必要なのは数です。",
    "{written} is written; text in quotes is needed.": "{written}と書かれています。必要なのは引用符で囲んだ文字列です。",
    "the text has characters that cannot be stored.": "保存できない文字が入っています。",
    "Retype it.": "打ち直してください。",
    "the text has more than {max_length} characters.": "文字列が{max_length}字を超えています。",
    "Shorten it.": "短くしてください。",
    "the text is empty.": "文字列が空です。",
    "Write something between the quotes.": "引用符の間に何か書いてください。",
    "{written} is not allowed here; {pattern_words}.": "{written}はここでは使えません。{pattern_words}。",
    "{written} is written; a date is needed.": "{written}と書かれています。必要なのは日付です。",
    "{written} has a time of day; a date is needed.": "{written}に時刻があります。必要なのは日付です。",
    "{written} is not one of the choices: {expected}.": "{written}は選択肢({expected})にありません。",
    "{written} is written; more than {gt} is needed.": "{written}と書かれています。{gt}より大きい数が必要です。",
    "{written} is written; it must be at least {ge}.": "{written}と書かれています。{ge}以上が必要です。",
    "Write a number from {range}.": "次の範囲の数を書いてください:{range}。",
    "It cannot be negative: write a number from {range}.": "負の数にはできません。次の範囲の数を書いてください:{range}。",
    "{written} is written; less than {lt} is needed.": "{written}と書かれています。{lt}より小さい数が必要です。",
    "{written} is written; it must be at most {le}.": "{written}と書かれています。{le}以下が必要です。",
    "{written} is written; a table of settings is needed.": "{written}と書かれています。必要なのは設定の表です。",
    "{written} is written; a list is needed.": "{written}と書かれています。必要なのは一覧です。",
    "the list is empty; it needs at least {min_length}.": "一覧が空です。少なくとも{min_length}個必要です。",
    "Write at least one entry between the brackets.": "括弧の間に少なくとも一つ書いてください。",
    "the list has more than {max_length} entries.": "一覧の項目が{max_length}を超えています。",
    "the value contains itself.": "値が自分自身を含んでいます。",
    "this entry of {key} has no name.": "{key}のこの項目に名前がありません。",
    'Write name = "..." in it: entries are put together by name.': 'name = "..."を書いてください。項目は名前で対応づけられます。',
    "two entries of {key} are called {written}.": "{key}に{written}という項目が二つあります。",
    "Give one of them another name.": "どちらかの名前を変えてください。",
    "{key} is a list of entries; written is {written}.": "{key}は項目の一覧です。今は{written}です。",
    "Write each entry under its own header [[{key}]].": "項目をそれぞれ[[{key}]]の見出しの下に書いてください。",
    "Put the dates in order.": "日付を順に並べてください。",
    "Lower coverage_share or participation_share of one of them.": "どれかのcoverage_shareかparticipation_shareを下げてください。",
    "Lower one of them; what no output gets is residue.": "どれかを下げてください。どこにも行かない分は残さになります。",
    "Add commissioning with one of the classes of `urban-mine explain commissioning`.": (
        "commissioningを、`urban-mine explain commissioning`にある区分から選んで加えてください。"
    ),
    "{written} is not accepted here.": "{written}はここでは使えません。",
    "See `urban-mine explain {path}`.": "`urban-mine explain {path}`を見てください。",
    # checks
    "there is no {what} called {written}.": "{written}という{what}はありません。",
    "the run ends in {end}, before it starts in {start}.": "終了年{end}が開始年{start}より前です。",
    "Write start <= end.": "start <= endとなるように書いてください。",
    "it ends on {end}, not after its start on {start}.": "終了日{end}が開始日{start}より後になっていません。",
    "the shares of {what} add up to {total}{when}; at most 1 is possible.": (
        "{what}の割合の合計が{total}です{when}。1以下でなければなりません。"
    ),
    "Lower one of them.": "どれかを下げてください。",
    "it starts on {start}, not after its announcement on {announced}.": "開始日{start}が発表日{announced}より後になっていません。",
    "a plant that is {status} needs the day it was announced, or the first day announced for it.": (
        "状態が{status}の施設には、発表日か、発表された操業開始日が必要です。"
    ),
    "{background} t a year of background feed is more than the capacity of {capacity} t.": (
        "モデル外の投入物が年{background} tで、能力の{capacity} tを超えています。"
    ),
    "Write at most the capacity.": "能力以下の値を書いてください。",
    "the contents add up to {total} g, more than the device's reference mass of {mass} kg.": (
        "含有量の合計が{total} gで、機器の基準質量{mass} kgを超えています。"
    ),
    "Check the units: grams per unit.": "単位を確かめてください(1台当たりのグラム)。",
    "a country of the study needs {missing}.": "対象国には{missing}が必要です。",
    'Add it, or write role = "partner" for a country that only receives material.': (
        '加えるか、材料を受け入れるだけの国ならrole = "partner"と書いてください。'
    ),
    "the country has no zone.": "この国に地域がありません。",
    "Add [zones.<key>] with country = {country}.": "country = {country}の[zones.<key>]を加えてください。",
    # remedies
    "The key is {right}: {how}": "正しいキーは{right}です:{how}",
    "the unit is part of its name.": "単位は名前に含まれています。",
    "multiply by {factor}, {fixed}": "{factor}倍してください。{fixed}",
    "multiply each number by {factor}.": "それぞれの数を{factor}倍してください。",
    "Write them as in {other}.": "{other}と同じように書いてください。",
    "Did you mean {right}?": "{right}のことですか。",
    "Did you mean {fixed}?": "{fixed}のことですか。",
    "Allowed here: {names}.": "ここで使えるもの:{names}。",
    "It belongs under {place}.": "{place}の下に書きます。",
    "Check the path.": "パスを確かめてください。",
    "{names} and {count} more": "{names}、ほか{count}件",
    # kinds of values
    "a table of settings": "設定の表",
    "entries under [[ ]]": "[[ ]]の下の項目",
    "a list": "一覧",
    "a number": "数",
    "text in quotes": "引用符で囲んだ文字列",
    "a whole number": "整数",
    "a date": "日付",
    "true or false": "trueかfalse",
    "a choice": "選択肢の一つ",
    "a country is three capital letters (ISO code), such as JPN": "国はJPNのような大文字3字(ISOコード)です",
    'a country is three capital letters (ISO code), such as JPN, or "*" for every country': (
        '国はJPNのような大文字3字(ISOコード)、またはすべての国を表す"*"です'
    ),
    "a key is 1 to 64 letters A-Z, digits, _ or -, and starts with a letter or digit": (
        "キーは英字・数字・_・-の1~64字で、英字か数字で始まります"
    ),
    "a name is 1 to 80 letters A-Z, digits, spaces or _ . , ( ) & / + ' - and starts with a letter or digit": (
        "名前は英字・数字・空白と_ . , ( ) & / + ' -の1~80字で、英字か数字で始まります"
    ),
}
