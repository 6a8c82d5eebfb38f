//! Texts of others inside Markdown (CommonMark 0.31): nothing in them may act as markup.

/// One line of text: line breaks and control characters become spaces.
pub fn inline(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for character in text.trim().chars() {
        match character {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '~' | '|' | '$' => {
                out.push('\\');
                out.push(character);
            }
            // Two in a row would be a hard line break or nothing at all.
            character if character.is_whitespace() || character.is_control() => {
                if !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            _ => out.push(character),
        }
    }
    out
}

/// One line that stands at the beginning of a block, where more characters act as markup.
pub fn line(text: &str) -> String {
    block_start(&inline(text))
}

/// Makes text that is escaped already fit for the beginning of a block.
pub fn block_start(text: &str) -> String {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    match text.as_bytes().get(digits) {
        Some(b'#' | b'+' | b'-' | b'=') if digits == 0 => format!("\\{text}"),
        Some(b'.' | b')') if digits > 0 => format!("{}\\{}", &text[..digits], &text[digits..]),
        _ => text.to_owned(),
    }
}

/// A text of several lines as paragraphs, each line after `indent`; a line break stays one.
pub fn paragraphs(text: &str, indent: &str, out: &mut String) {
    let mut broken = false;
    for part in text.split(['\n', '\u{2028}', '\u{2029}']) {
        let part = line(part);
        let part = part.trim();
        if part.is_empty() {
            broken = false;
            continue;
        }
        out.push_str(if broken { "\\\n" } else { "\n\n" });
        out.push_str(indent);
        out.push_str(part);
        broken = true;
    }
}

/// A link target between angle brackets; `None` if following it could do more than open a page.
pub fn link(url: &str) -> Option<String> {
    let scheme = url.split_once(':')?.0.to_ascii_lowercase();
    if !["http", "https", "mailto"].contains(&scheme.as_str()) {
        return None;
    }
    let mut out = String::with_capacity(url.len() + 2);
    out.push('<');
    for character in url.trim().chars() {
        match character {
            '<' | '>' | '\\' => out.push_str(&format!("%{:02X}", u32::from(character))),
            character if character.is_control() || character.is_whitespace() => out.push_str("%20"),
            // An entity would be read as what it stands for.
            '&' => out.push_str("\\&"),
            _ => out.push(character),
        }
    }
    out.push('>');
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        let check = |text: &str, expected: &str| assert_eq!(line(text), expected, "{text:?}");
        check("plain, (text). 1-2! #3", "plain, (text). 1-2! #3");
        check(
            "<b>*x*</b> [a](b) `c` &amp; ~~d~~ a_b\\",
            "\\<b\\>\\*x\\*\\</b\\> \\[a\\](b) \\`c\\` \\&amp; \\~\\~d\\~\\~ a\\_b\\\\",
        );
        check(" two\r\n lines\0 ", "two lines ");
        check("# x", "\\# x");
        check("- x", "\\- x");
        check("1. x", "1\\. x");
        check("2025) x", "2025\\) x");
        check("2025 x", "2025 x");
        check("", "");
        check("🎉 party", "🎉 party");
    }

    #[test]
    fn several_lines() {
        let mut out = String::new();
        paragraphs("one\ntwo\n\n    three\n- four\n", "  ", &mut out);
        assert_eq!(out, "\n\n  one\\\n  two\n\n  three\\\n  \\- four");
    }

    #[test]
    fn links() {
        assert_eq!(link("https://a.b/c d?x=<1>&copy=2").as_deref(), Some("<https://a.b/c%20d?x=%3C1%3E\\&copy=2>"));
        assert_eq!(link("JavaScript:alert(1)"), None);
        assert_eq!(link("no scheme"), None);
    }
}
