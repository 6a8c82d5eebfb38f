//! JSON text token by token, without a tree of values: the way of records that are spelled as nearly all are. Whatever
//! is out of the ordinary, an error above all, is [`Unusual`] and left to serde_json, which alone decides what it means.

/// A text that is not JSON, or JSON that is better read with care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unusual;

/// How deep values may be nested. serde_json goes to 128, from the record on.
const MAX_DEPTH: usize = 90;

/// How many keys of one object are compared with one another.
const MAX_KEYS: usize = 64;

/// What serde_json's own marks begin with: such a key may make its object a number.
pub const MARK: &str = "$serde_json";

/// The keys of the objects that are open, to find those that come twice. Kept between records for its memory.
#[derive(Default)]
pub struct Keys {
    /// Where each key stands in the text.
    places: Vec<(usize, usize)>,
    /// Where the keys of each object begin in `places`.
    objects: Vec<usize>,
}

/// A place in a JSON text.
pub struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    /// The beginning of `text`.
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// How many bytes have been taken.
    pub fn taken(&self) -> usize {
        self.at
    }

    /// The next byte, or 0 at the end.
    #[inline]
    fn byte(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    /// Passes over white space and gives the byte behind it, 0 at the end.
    #[inline]
    pub fn peek(&mut self) -> u8 {
        loop {
            match self.byte() {
                b' ' | b'\n' | b'\t' | b'\r' => self.at += 1,
                byte => return byte,
            }
        }
    }

    /// Takes one byte behind white space, if it is `byte`.
    #[inline]
    pub fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == byte;
        self.at += usize::from(found);
        found
    }

    /// Takes `byte`.
    #[inline]
    pub fn expect(&mut self, byte: u8) -> Result<(), Unusual> {
        if self.eat(byte) { Ok(()) } else { Err(Unusual) }
    }

    /// Whether nothing but white space is left.
    pub fn at_end(&mut self) -> bool {
        self.peek();
        self.at == self.text.len()
    }

    /// Takes `null`, if that is next.
    #[inline]
    pub fn null(&mut self) -> bool {
        let found = self.peek() == b'n' && self.text.as_bytes()[self.at..].starts_with(b"null");
        self.at += if found { 4 } else { 0 };
        found
    }

    /// Takes the key in `token`, if that stands right here: a key that has been read before, with its quotes and the
    /// colon behind it.
    #[inline]
    pub fn same_key(&mut self, token: &str) -> Option<&'a str> {
        let from = self.at;
        let next = self.text.as_bytes().get(from..from + token.len())?;
        if !same(next, token.as_bytes()) {
            return None;
        }
        self.at += token.len();
        Some(&self.text[from + 1..self.at - 2])
    }

    /// Takes a key and the colon behind it. One with escapes is unusual.
    #[inline]
    pub fn key(&mut self) -> Result<&'a str, Unusual> {
        let key = self.plain_string()?;
        self.expect(b':')?;
        if key.starts_with(MARK) { Err(Unusual) } else { Ok(key) }
    }

    /// Takes a string without escapes.
    #[inline]
    pub fn plain_string(&mut self) -> Result<&'a str, Unusual> {
        self.expect(b'"')?;
        let end = special(self.text.as_bytes(), self.at);
        let text = &self.text[self.at..end];
        self.at = end;
        if self.byte() != b'"' {
            return Err(Unusual);
        }
        self.at += 1;
        Ok(text)
    }

    /// Takes a string and appends what it says.
    #[inline]
    pub fn string(&mut self, out: &mut String) -> Result<(), Unusual> {
        self.expect(b'"')?;
        loop {
            let end = special(self.text.as_bytes(), self.at);
            out.push_str(&self.text[self.at..end]);
            self.at = end + 1;
            match self.text.as_bytes().get(end) {
                Some(b'"') => return Ok(()),
                Some(b'\\') => self.escape(out)?,
                _ => return Err(Unusual),
            }
        }
    }

    /// Takes what stands behind a backslash.
    fn escape(&mut self, out: &mut String) -> Result<(), Unusual> {
        let char = match self.byte() {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                self.at += 1;
                let unit = self.hex()?;
                let code = match unit {
                    0xd800..0xdc00 => {
                        let low = self.text.as_bytes()[self.at..].starts_with(b"\\u");
                        self.at += 2;
                        match low.then(|| self.hex()).transpose()? {
                            Some(low @ 0xdc00..0xe000) => 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00),
                            _ => return Err(Unusual),
                        }
                    }
                    _ => unit,
                };
                out.push(char::from_u32(code).ok_or(Unusual)?);
                return Ok(());
            }
            _ => return Err(Unusual),
        };
        self.at += 1;
        out.push(char);
        Ok(())
    }

    fn hex(&mut self) -> Result<u32, Unusual> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4).ok_or(Unusual)?;
        self.at += 4;
        let digit = |code, byte: &u8| Ok(code * 16 + char::from(*byte).to_digit(16).ok_or(Unusual)?);
        digits.iter().try_fold(0, digit)
    }

    /// Takes a number that serde_json would write as it stands.
    #[inline]
    pub fn number(&mut self) -> Result<&'a str, Unusual> {
        self.peek();
        let from = self.at;
        self.at += usize::from(self.byte() == b'-');
        match self.byte() {
            b'0' => self.at += 1,
            b'1'..=b'9' => self.digits()?,
            _ => return Err(Unusual),
        }
        if self.byte() == b'.' {
            self.at += 1;
            self.digits()?;
        }
        match self.byte() {
            b'0'..=b'9' | b'e' | b'E' => Err(Unusual),
            _ => Ok(&self.text[from..self.at]),
        }
    }

    fn digits(&mut self) -> Result<(), Unusual> {
        let from = self.at;
        while self.byte().is_ascii_digit() {
            self.at += 1;
        }
        if self.at > from { Ok(()) } else { Err(Unusual) }
    }

    /// Takes any value and appends it as serde_json would write it.
    pub fn value(&mut self, out: &mut String, keys: &mut Keys) -> Result<(), Unusual> {
        if self.peek() == b'"' {
            let mut copied = self.at;
            self.same_string::<false>(out, &mut copied)?;
            out.push_str(&self.text[copied..self.at]);
            return Ok(());
        }
        keys.places.clear();
        keys.objects.clear();
        self.walk::<false>(out, keys, MAX_DEPTH)
    }

    /// Takes a value, which must begin here. `STRICT` takes one that is spelled as serde_json would spell it, without
    /// looking for keys that come twice, and appends nothing.
    fn walk<const STRICT: bool>(&mut self, out: &mut String, keys: &mut Keys, limit: usize) -> Result<(), Unusual> {
        let mut copied = self.at;
        // One bit a level, the innermost last: whether it is an object.
        let (mut levels, mut depth) = (0u128, 0);
        loop {
            match self.byte() {
                open @ (b'{' | b'[') => {
                    self.at += 1;
                    let is_object = open == b'{';
                    levels = levels << 1 | u128::from(is_object);
                    depth += 1;
                    if depth > limit {
                        return Err(Unusual);
                    }
                    if is_object && !STRICT {
                        keys.objects.push(keys.places.len());
                    }
                    self.space::<STRICT>(out, &mut copied)?;
                    if self.byte() != open + 2 {
                        if is_object {
                            self.member::<STRICT>(out, &mut copied, keys)?;
                        }
                        continue;
                    }
                }
                b'"' => self.same_string::<STRICT>(out, &mut copied)?,
                b'-' | b'0'..=b'9' => drop(self.number()?),
                b't' => self.word("true")?,
                b'f' => self.word("false")?,
                b'n' => self.word("null")?,
                _ => return Err(Unusual),
            }
            // Behind a value, or before the end of an empty one.
            loop {
                if depth == 0 {
                    if !STRICT {
                        out.push_str(&self.text[copied..self.at]);
                    }
                    return Ok(());
                }
                self.space::<STRICT>(out, &mut copied)?;
                let is_object = levels & 1 == 1;
                match self.byte() {
                    b',' => {
                        self.at += 1;
                        self.space::<STRICT>(out, &mut copied)?;
                        if is_object {
                            self.member::<STRICT>(out, &mut copied, keys)?;
                        }
                        break;
                    }
                    b'}' if is_object => {
                        if !STRICT {
                            keys.places.truncate(keys.objects.pop().unwrap_or(0));
                        }
                    }
                    b']' if !is_object => {}
                    _ => return Err(Unusual),
                }
                self.at += 1;
                levels >>= 1;
                depth -= 1;
            }
        }
    }

    /// Passes over white space, which is not copied.
    #[inline]
    fn space<const STRICT: bool>(&mut self, out: &mut String, copied: &mut usize) -> Result<(), Unusual> {
        if !matches!(self.byte(), b' ' | b'\n' | b'\t' | b'\r') {
            return Ok(());
        }
        if STRICT {
            return Err(Unusual);
        }
        out.push_str(&self.text[*copied..self.at]);
        self.peek();
        *copied = self.at;
        Ok(())
    }

    /// Takes the key of a member, its colon, and the space behind it.
    #[inline]
    fn member<const STRICT: bool>(
        &mut self,
        out: &mut String,
        copied: &mut usize,
        keys: &mut Keys,
    ) -> Result<(), Unusual> {
        if self.byte() != b'"' {
            return Err(Unusual);
        }
        if STRICT {
            self.same_string::<STRICT>(out, copied)?;
        } else {
            let key = self.plain_string()?;
            let first = keys.objects.last().copied().unwrap_or(0);
            let end = self.at - 1;
            let known = &keys.places[first..];
            let twice = known.iter().any(|&(from, to)| self.text.as_bytes()[from..to] == *key.as_bytes());
            if twice || known.len() == MAX_KEYS || key.starts_with(MARK) {
                return Err(Unusual);
            }
            keys.places.push((end - key.len(), end));
        }
        self.space::<STRICT>(out, copied)?;
        if self.byte() != b':' {
            return Err(Unusual);
        }
        self.at += 1;
        self.space::<STRICT>(out, copied)
    }

    /// Takes a string that is copied as it stands, or is written anew if serde_json would spell it otherwise.
    #[inline]
    fn same_string<const STRICT: bool>(&mut self, out: &mut String, copied: &mut usize) -> Result<(), Unusual> {
        let from = self.at;
        self.at += 1;
        let bytes = self.text.as_bytes();
        loop {
            self.at = special(bytes, self.at);
            match (bytes.get(self.at), bytes.get(self.at + 1)) {
                (Some(b'"'), _) => {
                    self.at += 1;
                    return Ok(());
                }
                (Some(b'\\'), Some(b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't')) => self.at += 2,
                (Some(b'\\'), Some(_)) if !STRICT => {
                    out.push_str(&self.text[*copied..from]);
                    self.at = from;
                    let mut text = String::new();
                    self.string(&mut text)?;
                    super::write_string(&text, out);
                    *copied = self.at;
                    return Ok(());
                }
                _ => return Err(Unusual),
            }
        }
    }

    #[inline]
    fn word(&mut self, word: &str) -> Result<(), Unusual> {
        if !self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            return Err(Unusual);
        }
        self.at += word.len();
        Ok(())
    }
}

/// Whether two texts of one length are the same: a few words are compared faster than a function is called.
#[inline]
fn same(a: &[u8], b: &[u8]) -> bool {
    let word =
        |bytes: &[u8], at: usize| bytes.get(at..).and_then(<[u8]>::first_chunk).map(|word| u64::from_le_bytes(*word));
    let Some(last) = a.len().checked_sub(8) else { return a.iter().eq(b) };
    let mut at = 0;
    while at < last {
        if word(a, at) != word(b, at) {
            return false;
        }
        at += 8;
    }
    word(a, last) == word(b, last)
}

/// Whether `text` is one object, nested at most `limit` levels deep, and spelled as serde_json would spell it. One that
/// has an exponent or a `\u` counts as not.
pub(super) fn is_compact_object(text: &str, limit: usize) -> bool {
    let mut lexer = Lexer::new(text);
    text.starts_with('{')
        && lexer.walk::<true>(&mut String::new(), &mut Keys::default(), limit).is_ok()
        && lexer.at == text.len()
}

/// Where the first byte from `at` on is that a JSON string does not hold as it is: a quote, a backslash or a control
/// character. The length if there is none.
#[inline]
pub fn special(bytes: &[u8], mut at: usize) -> usize {
    #[cfg(target_arch = "x86_64")]
    {
        // Most strings are short.
        for _ in 0..2 {
            let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk) else { break };
            let found = special_of_16(*chunk);
            if found != 0 {
                return at + found.trailing_zeros() as usize;
            }
            at += 16;
        }
        if bytes.len() - at.min(bytes.len()) >= 32 && std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has it.
            let (found, to) = unsafe { special_of_many(bytes, at) };
            if found {
                return to;
            }
            at = to;
        }
        while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
            let found = special_of_16(*chunk);
            if found != 0 {
                return at + found.trailing_zeros() as usize;
            }
            at += 16;
        }
    }
    // Eight bytes at once (Mycroft): the lowest bit that is set is right, which is all that is asked.
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const TOPS: u64 = ONES << 7;
    let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word & TOPS;
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        let word = u64::from_le_bytes(*chunk);
        let found = below(word, 0x20) | below(word ^ (ONES * 0x22), 1) | below(word ^ (ONES * 0x5c), 1);
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while let Some(&byte) = bytes.get(at) {
        if byte < 0x20 || byte == b'"' || byte == b'\\' {
            break;
        }
        at += 1;
    }
    at
}

/// The same of 32 bytes at a time: whether one has been found, and how far it is or the search has come.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn special_of_many(bytes: &[u8], mut at: usize) -> (bool, usize) {
    use std::arch::x86_64::{
        _mm256_cmpeq_epi8, _mm256_loadu_si256, _mm256_min_epu8, _mm256_movemask_epi8, _mm256_or_si256, _mm256_set1_epi8,
    };
    let (quote, slash, control) = (_mm256_set1_epi8(0x22), _mm256_set1_epi8(0x5c), _mm256_set1_epi8(0x1f));
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<32>) {
        // SAFETY: there are 32 bytes.
        let bytes = unsafe { _mm256_loadu_si256(chunk.as_ptr().cast()) };
        let quotes = _mm256_cmpeq_epi8(bytes, quote);
        let slashes = _mm256_cmpeq_epi8(bytes, slash);
        let controls = _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, control), bytes);
        let found = _mm256_movemask_epi8(_mm256_or_si256(_mm256_or_si256(quotes, slashes), controls));
        if found != 0 {
            return (true, at + found.trailing_zeros() as usize);
        }
        at += 32;
    }
    (false, at)
}

/// The same of 16 bytes: one bit each, the first one lowest.
#[cfg(target_arch = "x86_64")]
#[inline]
fn special_of_16(chunk: [u8; 16]) -> i32 {
    use std::arch::x86_64::{
        _mm_cmpeq_epi8, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128, _mm_set_epi64x, _mm_set1_epi8,
    };
    let word = u128::from_le_bytes(chunk);
    // SAFETY: SSE2 is part of x86_64.
    unsafe {
        let bytes = _mm_set_epi64x((word >> 64) as i64, word as i64);
        let quotes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x22));
        let slashes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x5c));
        let controls = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
        _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quotes, slashes), controls))
    }
}

#[cfg(test)]
mod tests;
