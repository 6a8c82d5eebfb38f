//! What users are told.

use super::*;

#[test]
fn errors_tell_what_is_wrong_and_where() {
    let check = |options: &str, expected: &str| {
        let trouble = filter(options).unwrap_err();
        let hint = trouble.hint.as_deref().unwrap_or("none");
        let cause = trouble.cause.as_deref().unwrap_or("none");
        assert_eq!(format!("{}\n{cause}\nhint: {hint}", trouble.message), expected, "{options}");
    };
    check(
        "--during=2025-09..2025-13",
        "cannot read the dates of `--during`\n`2025-13`: there is no month 13\n    2025-09..2025-13\n             ^^^^^^^\nhint: none",
    );
    check(
        "--overlapping=2025-09..2025-08",
        "cannot read the dates of `--overlapping`\nthe end of the window is not after its start\n    2025-09..2025-08\n             \
         ^^^^^^^\nhint: swap the two; a date as the end includes all of it, a time of day is exact",
    );
    check(
        "--during=..",
        "cannot read the dates of `--during`\nneither end has a date\n    ..\n    ^^\nhint: give `A..B`, `A..` or `..B`",
    );
    check(
        "--since=2025..2026",
        "cannot read the dates of `--since`\nmore than one date\n    2025..2026\n    ^^^^^^^^^^\n\
         hint: give one date, or `--during A..B` or `--overlapping A..B`",
    );
    check(
        "--during=1914/1916..1918",
        "cannot read the dates of `--during`\na start or end is one date\n    1914/1916..1918\n    ^^^^^^^^^\n\
         hint: give the first and the last date as `A..B`",
    );
    check(
        "--until=unknown",
        "cannot read the dates of `--until`\n`unknown` is no date\n    unknown\n    ^^^^^^^\nhint: none",
    );
    check("--since=2025  --until=2024", "`--until` ends before `--since` begins\nnone\nhint: swap the two");
    check(
        "--zone=Mars",
        "`--zone Mars`: there is no such time zone\nnone\n\
         hint: give an IANA name such as Europe/Berlin, an offset such as +02:00, or UTC",
    );
    check(
        "--grep=a(b",
        "cannot read the expression of `--grep`\nunclosed group\n    a(b\n     ^\n\
         hint: put `\\` before a character that is meant as it is: `\\(`",
    );
    check(
        "--grep=((a{900}){900}){900}",
        "cannot read the expression of `--grep`\nit is too large\n    ((a{900}){900}){900}\n    ^^^^^^^^^^^^^^^^^^^^\nhint: none",
    );
    check(
        "--where=titel=x",
        "`--where`: events have no field `titel`\nnone\nhint: did you mean `title`? (`extra.NAME` for what a format has beyond these)",
    );
    check(
        "--where=claims.sorce=x",
        "`--where`: events have no field `claims.sorce`\nnone\n\
         hint: did you mean `source`? (`extra.NAME` for what a format has beyond these)",
    );
    check(
        "--where=title.x=y",
        "`--where title.x=y`: `title` has no fields of its own\nnone\n\
         hint: write `title=…`; `extra.NAME`, `actors.name`, `claims.source` have",
    );
    check(
        "--where=title",
        "`--where title` is not `FIELD=VALUE` or `FIELD!=VALUE`\nnone\n\
         hint: for example `kind=VEVENT` or `status!=CANCELLED`; an empty VALUE stands for a missing one",
    );
    assert!(Options::try_parse_from(["annals", "--certainly", "--possibly"]).is_err(), "one or the other");
}
