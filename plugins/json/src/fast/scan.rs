//! JSON passed over without being kept, within one line: what [`annals_core::json::lex`] takes, and nothing else.

use annals_core::json::lex::{Keys, Lexer, Unusual, special};

/// A place in a line, and lines behind it.
pub struct Scan<'a> {
    text: &'a str,
    bytes: &'a [u8],
    pub at: usize,
}

/// A key with its quotes and the colon behind it.
#[derive(Default)]
pub struct Token {
    pub text: String,
    /// Up to 16 bytes of it at once, and which of them it has; 0 = it is longer.
    head: u128,
    mask: u128,
}

impl Token {
    pub fn set(&mut self, key: &str) {
        self.text.clear();
        ["\"", key, "\":"].into_iter().for_each(|part| self.text.push_str(part));
        let mut head = [0; 16];
        (self.head, self.mask) = match head.get_mut(..self.text.len()) {
            Some(bytes) => {
                bytes.copy_from_slice(self.text.as_bytes());
                (u128::from_le_bytes(head), u128::MAX >> (128 - 8 * self.text.len()))
            }
            None => (0, 0),
        };
    }
}

/// Room for what is written down and forgotten.
#[derive(Default)]
pub struct Scratch {
    pub text: String,
    pub keys: Keys,
}

impl<'a> Scan<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, bytes: text.as_bytes(), at: 0 }
    }

    /// The next byte, or 0 at the end.
    #[inline]
    pub fn byte(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    /// Passes over blanks and gives the byte behind them. A line end is none.
    #[inline]
    pub fn peek(&mut self) -> u8 {
        loop {
            match self.byte() {
                b' ' | b'\t' => self.at += 1,
                byte => return byte,
            }
        }
    }

    /// Takes `byte` behind blanks, if it is there.
    #[inline]
    pub fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == byte;
        self.at += usize::from(found);
        found
    }

    #[inline]
    pub fn expect(&mut self, byte: u8) -> Result<(), Unusual> {
        if self.eat(byte) { Ok(()) } else { Err(Unusual) }
    }

    /// Takes this text, if it stands right here.
    #[inline]
    pub fn same(&mut self, token: &str) -> bool {
        let found = self.bytes[self.at..].starts_with(token.as_bytes());
        self.at += if found { token.len() } else { 0 };
        found
    }

    /// The same with a key that has been read before.
    #[inline]
    pub fn same_key(&mut self, token: &Token) -> bool {
        let found = match self.bytes[self.at..].first_chunk() {
            Some(bytes) if token.mask != 0 => u128::from_le_bytes(*bytes) & token.mask == token.head,
            _ => self.bytes[self.at..].starts_with(token.text.as_bytes()),
        };
        self.at += if found { token.text.len() } else { 0 };
        found
    }

    /// Takes a string without escapes, which must begin behind blanks.
    #[inline]
    pub fn plain_string(&mut self) -> Result<&'a str, Unusual> {
        self.expect(b'"')?;
        let from = self.at;
        self.at = special(self.bytes, from);
        if self.byte() != b'"' {
            return Err(Unusual);
        }
        self.at += 1;
        Ok(&self.text[from..self.at - 1])
    }

    /// Takes a string, which must begin behind blanks.
    #[inline]
    pub fn string(&mut self) -> Result<(), Unusual> {
        self.expect(b'"')?;
        loop {
            self.at = special(self.bytes, self.at) + 1;
            match self.bytes.get(self.at - 1) {
                Some(b'"') => return Ok(()),
                Some(b'\\') => self.escape()?,
                _ => return Err(Unusual),
            }
        }
    }

    fn escape(&mut self) -> Result<(), Unusual> {
        let byte = self.byte();
        self.at += 1;
        match byte {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(()),
            b'u' => match self.hex()? {
                0xd800..0xdc00 if self.same("\\u") && (0xdc00..0xe000).contains(&self.hex()?) => Ok(()),
                0xd800..0xe000 => Err(Unusual),
                _ => Ok(()),
            },
            _ => Err(Unusual),
        }
    }

    fn hex(&mut self) -> Result<u32, Unusual> {
        let digits = self.bytes.get(self.at..self.at + 4).ok_or(Unusual)?;
        self.at += 4;
        let digit = |code, byte: &u8| Ok(code * 16 + char::from(*byte).to_digit(16).ok_or(Unusual)?);
        digits.iter().try_fold(0, digit)
    }

    /// Takes a number as [`Lexer::number`] does.
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

    #[inline]
    fn digits(&mut self) -> Result<(), Unusual> {
        let from = self.at;
        while self.byte().is_ascii_digit() {
            self.at += 1;
        }
        if self.at > from { Ok(()) } else { Err(Unusual) }
    }

    /// Takes a string, or an array of strings.
    #[inline]
    pub fn strings(&mut self) -> Result<(), Unusual> {
        if self.peek() == b'"' {
            return self.string();
        }
        self.expect(b'[')?;
        if self.eat(b']') {
            return Ok(());
        }
        loop {
            self.string()?;
            if !self.eat(b',') {
                return self.expect(b']');
            }
        }
    }

    /// Takes any value.
    #[inline]
    pub fn value(&mut self, scratch: &mut Scratch) -> Result<(), Unusual> {
        match self.peek() {
            b'"' => self.string(),
            b'-' | b'0'..=b'9' => self.number().map(drop),
            b't' if self.same("true") => Ok(()),
            b'f' if self.same("false") => Ok(()),
            b'n' if self.same("null") => Ok(()),
            _ => self.any(scratch),
        }
    }

    fn any(&mut self, scratch: &mut Scratch) -> Result<(), Unusual> {
        let rest = &self.text[self.at..];
        let mut lexer = Lexer::new(&rest[..memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len())]);
        scratch.text.clear();
        lexer.value(&mut scratch.text, &mut scratch.keys)?;
        self.at += lexer.taken();
        Ok(())
    }
}
