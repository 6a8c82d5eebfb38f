//! Rows from columns: typed access to a batch of the event table without copying it.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, TimestampMicrosecondType, UInt8Type, UInt16Type, UInt64Type};
use arrow_array::{Array, ArrayRef, BinaryArray, ListArray, PrimitiveArray, RecordBatch, StringArray, StructArray};
use arrow_buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};

use super::columns::{ActorText, ClaimText, Code, Degrees, Number, Text};
use super::nulls::are_shared_zeros;
use crate::claim::{Claim, Locator};
use crate::error::Error;
use crate::event::{Actor, Event};
use crate::schema;
use crate::when::{Extent, Part, Precision, Qualifier, When};

/// The rows of a batch, whose buffers it shares. Absent columns read as nulls.
pub struct Rows {
    len: usize,
    texts: [Option<StringArray>; Text::COUNT],
    numbers: [Option<Numbers>; Number::COUNT],
    codes: [Option<ScalarBuffer<u8>>; Code::COUNT],
    degrees: [Option<PrimitiveArray<Float64Type>>; Degrees::COUNT],
    nanos: Option<ScalarBuffer<u16>>,
    tags: Option<(OffsetBuffer<i32>, StringArray)>,
    actors: Option<(OffsetBuffer<i32>, [StringArray; ActorText::COUNT])>,
    claims: Option<Claims>,
    raw: Option<BinaryArray>,
}

/// Values and where they are null.
type Numbers = (ScalarBuffer<i64>, Option<NullBuffer>);

struct Claims {
    offsets: OffsetBuffer<i32>,
    texts: [StringArray; ClaimText::COUNT],
    revision: Numbers,
    modified: Numbers,
    places: [ScalarBuffer<u64>; 3],
    located: Option<NullBuffer>,
}

#[inline]
fn get(numbers: &Numbers, at: usize) -> Option<i64> {
    numbers.1.as_ref().is_none_or(|valid| valid.is_valid(at)).then(|| numbers.0[at])
}

#[inline]
fn text(array: &StringArray, at: usize) -> Option<&str> {
    array.nulls().is_none_or(|valid| valid.is_valid(at)).then(|| array.value(at))
}

#[inline]
fn fetch<T>(value: &T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: SSE is part of x86_64; a hint reads nothing.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(value).cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = value;
}

impl Rows {
    /// The rows of `batch`, which must be of the event table with plain text columns (see [`super::plain_text`]). A
    /// null where none may be, or an unknown code, is an error.
    pub fn of(batch: &RecordBatch) -> Result<Self, Error> {
        schema::check(&batch.schema())?;
        let column = |name: &str| batch.column_by_name(name);
        let mut rows = Self {
            len: batch.num_rows(),
            texts: [const { None }; Text::COUNT],
            numbers: [const { None }; Number::COUNT],
            codes: [const { None }; Code::COUNT],
            degrees: [const { None }; Degrees::COUNT],
            nanos: None,
            tags: None,
            actors: None,
            claims: None,
            raw: column("raw").map(|raw| raw.as_binary().clone()),
        };
        for text in Text::ALL {
            let array = column(text.name()).map(|array| plain_texts(array, text.name())).transpose()?;
            rows.texts[*text as usize] = array.filter(|array| array.null_count() < array.len());
        }
        for number in Number::ALL {
            rows.numbers[*number as usize] = column(number.name()).map(numbers).filter(some_valid);
        }
        for degrees in Degrees::ALL {
            rows.degrees[*degrees as usize] = column(degrees.name()).map(|array| array.as_primitive().clone());
        }
        for code in Code::ALL {
            if let Some(array) = column(code.name()) {
                non_null(array, code.name())?;
                let codes: &PrimitiveArray<UInt8Type> = array.as_primitive();
                rows.codes[*code as usize] = Some(codes.values().clone());
                if !are_shared_zeros(codes.values()) {
                    check_codes(*code, codes)?;
                }
            }
        }
        if let Some(array) = column("start_nanos") {
            non_null(array, "start_nanos")?;
            let nanos: &PrimitiveArray<UInt16Type> = array.as_primitive();
            let is_over = |&nanos: &u16| nanos > 999;
            let over = if are_shared_zeros(nanos.values()) { None } else { nanos.values().iter().position(is_over) };
            if let Some(row) = over {
                return Err(Error::new(format!("row {row} of column `start_nanos` is above 999")));
            }
            rows.nanos = Some(nanos.values().clone());
        }
        if let Some((offsets, items)) = column("tags").map(|array| list(array, "tags")).transpose()?.flatten() {
            let tags = plain_texts(items, "tags")?;
            non_null(&tags, "tags")?;
            rows.tags = Some((offsets, tags));
        }
        if let Some((offsets, items)) = column("actors").map(|array| list(array, "actors")).transpose()?.flatten() {
            let items = structs(items, "actors")?;
            let texts = ActorText::ALL.iter().map(|field| plain_texts(items.column(*field as usize), field.name()));
            let texts: Vec<StringArray> = texts.collect::<Result<_, _>>()?;
            rows.actors = Some((offsets, texts.try_into().expect("three texts")));
        }
        if let Some((offsets, items)) = column("claims").map(|array| list(array, "claims")).transpose()?.flatten() {
            rows.claims = Some(Claims::of(offsets, structs(items, "claims")?)?);
        }
        Ok(rows)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// A text.
    #[inline]
    pub fn text(&self, column: Text, row: usize) -> Option<&str> {
        text(self.texts[column as usize].as_ref()?, row)
    }

    /// Whether any row has a text in this column.
    pub fn has(&self, column: Text) -> bool {
        self.texts[column as usize].is_some()
    }

    /// Fetches what a row has into the cache, ahead of its use: rows that are read in no order of the memory are mostly
    /// waited for.
    pub fn prefetch(&self, row: usize) {
        for texts in self.texts.iter().flatten() {
            let ends = &texts.value_offsets()[row..row + 2];
            let value = &texts.value_data()[ends[0].cast_unsigned() as usize..ends[1].cast_unsigned() as usize];
            value.iter().step_by(64).take(8).for_each(fetch);
        }
        self.numbers.iter().flatten().for_each(|(values, _)| fetch(&values[row]));
        if let Some(claims) = &self.claims {
            let at = items(&claims.offsets, row).start;
            claims.places.iter().filter_map(|places| places.get(at)).for_each(fetch);
        }
    }

    /// A number.
    #[inline]
    pub fn number(&self, column: Number, row: usize) -> Option<i64> {
        get(self.numbers[column as usize].as_ref()?, row)
    }

    /// Whether any row has a number in this column.
    pub fn has_number(&self, column: Number) -> bool {
        self.numbers[column as usize].is_some()
    }

    /// A code.
    #[inline]
    pub fn code(&self, column: Code, row: usize) -> u8 {
        self.codes[column as usize].as_ref().map_or(column.default(), |codes| codes[row])
    }

    /// Degrees.
    pub fn degrees(&self, column: Degrees, row: usize) -> Option<f64> {
        self.degrees[column as usize].as_ref().filter(|array| array.is_valid(row)).map(|array| array.value(row))
    }

    /// The nanoseconds of the start below the microsecond.
    pub fn nanos(&self, row: usize) -> u16 {
        self.nanos.as_ref().map_or(0, |nanos| nanos[row])
    }

    /// The source bytes of a record.
    pub fn raw(&self, row: usize) -> Option<&[u8]> {
        self.raw.as_ref().filter(|raw| raw.is_valid(row)).map(|raw| raw.value(row))
    }

    /// The tags of a row.
    pub fn tags(&self, row: usize) -> impl ExactSizeIterator<Item = &str> {
        let tags = self.tags.as_ref();
        let (range, tags) = tags.map_or((0..0, None), |(offsets, tags)| (items(offsets, row), Some(tags)));
        range.map(move |at| tags.map_or("", |tags| tags.value(at)))
    }

    /// The actors of a row, by their numbers in the batch.
    pub fn actors(&self, row: usize) -> Range<usize> {
        self.actors.as_ref().map_or(0..0, |(offsets, _)| items(offsets, row))
    }

    /// A text of an actor.
    pub fn actor_text(&self, field: ActorText, at: usize) -> Option<&str> {
        text(&self.actors.as_ref()?.1[field as usize], at)
    }

    /// The claims of a row, by their numbers in the batch.
    pub fn claims(&self, row: usize) -> Range<usize> {
        self.claims.as_ref().map_or(0..0, |claims| items(&claims.offsets, row))
    }

    fn all_claims(&self) -> &Claims {
        self.claims.as_ref().expect("a claim's number comes from `claims`")
    }

    /// A text of a claim.
    #[inline]
    pub fn claim_text(&self, field: ClaimText, at: usize) -> Option<&str> {
        text(&self.all_claims().texts[field as usize], at)
    }

    /// Whether any claim has a text in this field.
    pub fn claims_have(&self, field: ClaimText) -> bool {
        let has = |claims: &Claims| claims.texts[field as usize].null_count() < claims.texts[field as usize].len();
        self.claims.as_ref().is_some_and(has)
    }

    /// Whether any row has degrees in this column.
    pub fn has_degrees(&self, column: Degrees) -> bool {
        self.degrees[column as usize].as_ref().is_some_and(|array| array.null_count() < array.len())
    }

    /// The revision that a claim says otherwise.
    pub fn claim_revision(&self, at: usize) -> Option<i64> {
        get(&self.all_claims().revision, at)
    }

    /// The last change that a claim says otherwise.
    pub fn claim_modified(&self, at: usize) -> Option<i64> {
        get(&self.all_claims().modified, at)
    }

    /// Where a claim stands.
    pub fn locator(&self, at: usize) -> Option<Locator> {
        let claims = self.all_claims();
        let [offset, len, line] = &claims.places;
        let locator = || Locator { offset: offset[at], len: len[at], line: line[at] };
        claims.located.as_ref().is_none_or(|located| located.is_valid(at)).then(locator)
    }

    /// A claim.
    pub fn claim(&self, at: usize) -> Claim {
        let text = |field| self.claim_text(field, at).map(str::to_owned);
        Claim {
            source: text(ClaimText::Source).unwrap_or_default(),
            id: text(ClaimText::Id),
            instance: text(ClaimText::Instance),
            revision: self.claim_revision(at),
            modified: self.claim_modified(at),
            lane: text(ClaimText::Lane),
            attributed_to: text(ClaimText::AttributedTo),
            locator: self.locator(at),
            quote: text(ClaimText::Quote),
            edtf: text(ClaimText::Edtf),
            title: text(ClaimText::Title),
            differs: text(ClaimText::Differs),
            retrieved: text(ClaimText::Retrieved),
        }
    }

    /// An actor.
    fn actor(&self, at: usize) -> Actor {
        let text = |field| self.actor_text(field, at).map(str::to_owned);
        Actor { name: text(ActorText::Name), role: text(ActorText::Role), address: text(ActorText::Address) }
    }

    /// The time of a row.
    pub fn when(&self, row: usize) -> When {
        let text = |column| self.text(column, row).map(str::to_owned);
        let code = |column| self.code(column, row);
        When {
            edtf: text(Text::Edtf),
            start_lo: self.number(Number::StartLo, row),
            start_hi: self.number(Number::StartHi, row),
            end_lo: self.number(Number::EndLo, row),
            end_hi: self.number(Number::EndHi, row),
            start_nanos: self.nanos(row),
            extent: Extent::from_code(code(Code::Extent)).unwrap_or_default(),
            precision: Precision::from_code(code(Code::Precision)).unwrap_or_default(),
            qualifier: Qualifier::from_code(code(Code::Qualifier)).unwrap_or_default(),
            part: Part::from_code(code(Code::Part)).unwrap_or_default(),
            said: text(Text::Said),
            zone: text(Text::Zone),
            end_zone: text(Text::EndZone),
        }
    }

    /// A row as an event.
    pub fn event(&self, row: usize) -> Event {
        let text = |column| self.text(column, row).map(str::to_owned);
        Event {
            id: text(Text::Id),
            instance: text(Text::Instance),
            revision: self.number(Number::Revision, row),
            modified: self.number(Number::Modified, row),
            stamped: self.number(Number::Stamped, row),
            when: self.when(row),
            recurrence: text(Text::Recurrence),
            title: text(Text::Title),
            body: text(Text::Body),
            kind: text(Text::Kind),
            status: text(Text::Status),
            lane: text(Text::Lane),
            url: text(Text::Url),
            place: text(Text::Place),
            lat: self.degrees(Degrees::Lat, row),
            lon: self.degrees(Degrees::Lon, row),
            tags: self.tags(row).map(str::to_owned).collect(),
            actors: self.actors(row).map(|at| self.actor(at)).collect(),
            claims: self.claims(row).map(|at| self.claim(at)).collect(),
            extra: text(Text::Extra),
            raw: self.raw(row).map(<[u8]>::to_vec),
            raw_format: text(Text::RawFormat),
        }
    }
}

impl Claims {
    fn of(offsets: OffsetBuffer<i32>, items: &StructArray) -> Result<Self, Error> {
        let at = |name: &str| items.column_by_name(name).expect("checked type");
        let texts = ClaimText::ALL.iter().map(|field| plain_texts(at(field.name()), field.name()));
        let texts: Vec<StringArray> = texts.collect::<Result<_, _>>()?;
        non_null(&texts[ClaimText::Source as usize], "claims.source")?;
        let places = at("locator").as_struct();
        let place = |at: usize| places.column(at).as_primitive::<UInt64Type>().values().clone();
        Ok(Self {
            offsets,
            texts: texts.try_into().expect("as many as there are"),
            revision: numbers(at("revision")),
            modified: numbers(at("modified")),
            places: [place(0), place(1), place(2)],
            located: places.nulls().filter(|nulls| nulls.null_count() > 0).cloned(),
        })
    }
}

fn items(offsets: &[i32], row: usize) -> Range<usize> {
    let end = |at: usize| usize::try_from(offsets[at]).expect("offsets are not negative");
    end(row)..end(row + 1)
}

fn list<'a>(array: &'a ArrayRef, name: &str) -> Result<Option<(OffsetBuffer<i32>, &'a ArrayRef)>, Error> {
    non_null(array, name)?;
    let lists: &ListArray = array.as_list();
    Ok((!lists.is_empty()).then(|| (lists.offsets().clone(), lists.values())))
}

fn numbers(array: &ArrayRef) -> Numbers {
    let nulls = array.nulls().filter(|nulls| nulls.null_count() > 0).cloned();
    match array.as_primitive_opt::<Int64Type>() {
        Some(array) => (array.values().clone(), nulls),
        None => (array.as_primitive::<TimestampMicrosecondType>().values().clone(), nulls),
    }
}

fn some_valid(numbers: &Numbers) -> bool {
    numbers.1.as_ref().is_none_or(|nulls| nulls.null_count() < numbers.0.len())
}

fn plain_texts(array: &ArrayRef, name: &str) -> Result<StringArray, Error> {
    array.as_string_opt().cloned().ok_or_else(|| Error::new(format!("column `{name}` is not plain text")))
}

fn non_null(array: &dyn Array, name: &str) -> Result<(), Error> {
    match array.null_count() {
        0 => Ok(()),
        _ => Err(Error::new(format!("column `{name}` has a null, which it may not"))),
    }
}

fn structs<'a>(items: &'a ArrayRef, name: &str) -> Result<&'a StructArray, Error> {
    let items = items.as_struct();
    if items.null_count() > 0 {
        return Err(Error::new(format!("column `{name}` has a null item, which it may not")));
    }
    Ok(items)
}

fn check_codes(column: Code, codes: &PrimitiveArray<UInt8Type>) -> Result<(), Error> {
    let known = |code: u8| match column {
        Code::Extent => Extent::from_code(code).is_some(),
        Code::Precision => Precision::from_code(code).is_some(),
        Code::Qualifier => Qualifier::from_code(code).is_some(),
        Code::Part => Part::from_code(code).is_some(),
    };
    // A batch has few codes, most of them one after the other.
    let mut last = None;
    for (row, &code) in codes.values().iter().enumerate() {
        if last != Some(code) && !known(code) {
            let name = column.name();
            return Err(Error::new(format!("row {row} of column `{name}` has the unknown code {code}")));
        }
        last = Some(code);
    }
    Ok(())
}
