//! Tags, actors, claims and bounds.

use annals_core::Locator;
use annals_core::json::lex::{Keys, Lexer, Unusual};
use annals_core::table::{ActorText, Builder, ClaimText};
use annals_core::when::{Instant, Zone};

/// Reads the members of an object, each key once.
pub fn members<'a>(
    lexer: &mut Lexer<'a>,
    mut read: impl FnMut(&'a str, &mut Lexer<'a>) -> Result<u32, Unusual>,
) -> Result<(), Unusual> {
    lexer.expect(b'{')?;
    if lexer.eat(b'}') {
        return Ok(());
    }
    let mut seen = 0u32;
    loop {
        let key = lexer.key()?;
        let bit = 1 << read(key, lexer)?;
        if seen & bit != 0 {
            return Err(Unusual);
        }
        seen |= bit;
        if !lexer.eat(b',') {
            return lexer.expect(b'}');
        }
    }
}

/// Reads the items of an array.
pub fn items<'a>(
    lexer: &mut Lexer<'a>,
    mut read: impl FnMut(&mut Lexer<'a>) -> Result<(), Unusual>,
) -> Result<(), Unusual> {
    lexer.expect(b'[')?;
    if lexer.eat(b']') {
        return Ok(());
    }
    loop {
        read(lexer)?;
        if !lexer.eat(b',') {
            return lexer.expect(b']');
        }
    }
}

/// One tag, or an array of them.
pub fn tags(lexer: &mut Lexer<'_>, columns: &mut Builder) -> Result<(), Unusual> {
    if lexer.peek() == b'"' {
        return columns.tag_with(|out| lexer.string(out));
    }
    items(lexer, |lexer| columns.tag_with(|out| lexer.string(out)))
}

pub fn actors(lexer: &mut Lexer<'_>, columns: &mut Builder) -> Result<(), Unusual> {
    items(lexer, |lexer| {
        if lexer.peek() == b'"' {
            columns.actor_text_with(ActorText::Name, |out| lexer.string(out))?;
        } else {
            members(lexer, |key, lexer| {
                let at = ActorText::ALL.iter().position(|field| field.name() == key).ok_or(Unusual)?;
                if !lexer.null() {
                    columns.actor_text_with(ActorText::ALL[at], |out| lexer.string(out))?;
                }
                Ok(at as u32)
            })?;
        }
        columns.end_actor();
        Ok(())
    })
}

/// Reads claims; the first one of the record itself that has no place is at `at`. Says how many there are.
pub fn claims(lexer: &mut Lexer<'_>, at: Locator, keys: &mut Keys, columns: &mut Builder) -> Result<usize, Unusual> {
    let (mut count, mut place) = (0, Some(at));
    items(lexer, |lexer| {
        let mut locator = None;
        members(lexer, |key, lexer| claim_member(key, lexer, &mut locator, keys, columns))?;
        if locator.is_none() && !columns.claim_has_source() {
            locator = place.take();
        }
        columns.end_claim(locator);
        count += 1;
        Ok(())
    })?;
    Ok(count)
}

/// Takes a member of a claim and gives its number.
fn claim_member(
    key: &str,
    lexer: &mut Lexer<'_>,
    place: &mut Option<Locator>,
    keys: &mut Keys,
    columns: &mut Builder,
) -> Result<u32, Unusual> {
    let (number, field) = match key {
        "source" => (0, Some(ClaimText::Source)),
        "id" => (1, Some(ClaimText::Id)),
        "instance" => (2, Some(ClaimText::Instance)),
        "revision" => (3, None),
        "modified" => (4, None),
        "lane" => (5, Some(ClaimText::Lane)),
        "attributed_to" => (6, Some(ClaimText::AttributedTo)),
        "locator" => (7, None),
        "quote" => (8, Some(ClaimText::Quote)),
        "edtf" => (9, Some(ClaimText::Edtf)),
        "title" => (10, Some(ClaimText::Title)),
        "differs" => (11, None),
        "retrieved" => (12, Some(ClaimText::Retrieved)),
        _ => return Err(Unusual),
    };
    if lexer.null() {
        return Ok(number);
    }
    match (field, number) {
        (Some(field), _) => columns.claim_text_with(field, |out| lexer.string(out))?,
        (_, 3) => columns.claim_revision(integer(lexer)?),
        (_, 4) => columns.claim_modified(instant(lexer)?),
        (_, 7) => *place = Some(locator(lexer)?),
        _ => columns.claim_text_with(ClaimText::Differs, |out| object(lexer, out, keys))?,
    }
    Ok(number)
}

fn locator(lexer: &mut Lexer<'_>) -> Result<Locator, Unusual> {
    let mut locator = Locator::default();
    members(lexer, |key, lexer| {
        let (number, place) = match key {
            "offset" => (0, &mut locator.offset),
            "len" => (1, &mut locator.len),
            "line" => (2, &mut locator.line),
            _ => return Err(Unusual),
        };
        if !lexer.null() {
            *place = lexer.number()?.parse().map_err(|_| Unusual)?;
        }
        Ok(number)
    })?;
    Ok(locator)
}

/// The texts of the four bounds.
pub fn bounds<'a>(lexer: &mut Lexer<'a>) -> Result<[Option<&'a str>; 4], Unusual> {
    let mut bounds = [None; 4];
    members(lexer, |key, lexer| {
        let first = match key {
            "start" => 0,
            "end" => 2,
            _ => return Err(Unusual),
        };
        if !lexer.null() {
            lexer.expect(b'[')?;
            bounds[first] = plain_text(lexer)?;
            lexer.expect(b',')?;
            bounds[first + 1] = plain_text(lexer)?;
            lexer.expect(b']')?;
        }
        Ok(first as u32)
    })?;
    Ok(bounds)
}

/// A text without escapes, or null.
fn plain_text<'a>(lexer: &mut Lexer<'a>) -> Result<Option<&'a str>, Unusual> {
    if lexer.null() { Ok(None) } else { lexer.plain_string().map(Some) }
}

/// An object as compact JSON.
pub fn object(lexer: &mut Lexer<'_>, out: &mut String, keys: &mut Keys) -> Result<(), Unusual> {
    if lexer.peek() != b'{' {
        return Err(Unusual);
    }
    lexer.value(out, keys)
}

/// A whole number.
pub fn integer(lexer: &mut Lexer<'_>) -> Result<i64, Unusual> {
    lexer.number()?.parse().map_err(|_| Unusual)
}

/// Microseconds of an instant with an offset.
pub fn instant(lexer: &mut Lexer<'_>) -> Result<i64, Unusual> {
    instant_of(lexer.plain_string()?)
}

/// The same from its text.
pub fn instant_of(text: &str) -> Result<i64, Unusual> {
    match Instant::parse_plain(text, None) {
        Some((instant, _)) if instant.zone != Zone::Floating => Ok(instant.us),
        _ => Err(Unusual),
    }
}
