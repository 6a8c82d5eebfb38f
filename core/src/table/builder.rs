//! Columns from rows: fills a batch of the event table value by value.

use std::sync::Arc;

use arrow_array::types::{Float64Type, TimestampMicrosecondType, UInt8Type, UInt16Type, UInt64Type};
use arrow_array::{ArrayRef, BinaryArray, ListArray, RecordBatch, RecordBatchOptions, StructArray};
use arrow_buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef};

use super::buffers::{Located, Numbers, Plain, Texts, begin};
use super::columns::{ActorText, ClaimText, Code, Degrees, Number, Text};
use crate::claim::{Claim, Locator};
use crate::event::{Actor, Event};
use crate::schema::{actor_fields, claim_fields, event_schema, locator_fields};
use crate::when::When;

/// A batch under way. Values go to the current row, which [`Builder::end_row`] ends; a value that is never set is
/// null, and setting one twice keeps the second.
///
/// Authors of formats that are read record by record use [`crate::Event`]; this is for importers that have to be fast,
/// reached by [`crate::Out::columns`].
pub struct Builder {
    pub(super) rows: usize,
    /// Whether each column of the schema is wanted.
    wanted: Vec<bool>,
    schema: SchemaRef,
    texts: [Texts; Text::COUNT],
    numbers: [Numbers; Number::COUNT],
    codes: [Plain<UInt8Type>; Code::COUNT],
    degrees: [Numbers<Float64Type>; Degrees::COUNT],
    nanos: Plain<UInt16Type>,
    pub(super) tags: List<Texts>,
    pub(super) actors: List<[Texts; ActorText::COUNT]>,
    pub(super) claims: List<Claims>,
    raw: Raw,
}

/// Values of several items a row.
#[derive(Default)]
pub(super) struct List<T> {
    /// 0, then how many items there are up to the end of each row; empty before the first item.
    ends: Vec<i32>,
    /// How many rows the last batch had.
    expected: usize,
    pub(super) count: usize,
    pub(super) items: T,
}

impl<T> List<T> {
    /// Notes that the current row has one item more.
    pub(super) fn add(&mut self, row: usize) {
        let before = count_to_i32(self.count);
        begin(&mut self.ends, self.expected);
        if self.ends.len() <= row + 1 {
            self.ends.resize(row + 1, before);
            self.ends.push(before);
        }
        self.count += 1;
        self.ends[row + 1] = count_to_i32(self.count);
    }

    /// Forgets the rows from `row` on, and says how many items are left.
    fn truncate(&mut self, row: usize) -> usize {
        self.ends.truncate(row + 1);
        self.count = self.ends.last().map_or(0, |&end| usize::try_from(end).unwrap_or(0));
        self.count
    }

    fn offsets(&mut self, rows: usize) -> OffsetBuffer<i32> {
        let mut offsets = std::mem::take(&mut self.ends);
        offsets.resize(rows + 1, count_to_i32(self.count));
        (self.count, self.expected) = (0, rows);
        offsets.shrink_to_fit();
        OffsetBuffer::new(ScalarBuffer::from(offsets))
    }
}

#[derive(Default)]
pub(super) struct Claims {
    pub(super) texts: [Texts; ClaimText::COUNT],
    pub(super) revision: Numbers,
    pub(super) modified: Numbers,
    places: [Plain<UInt64Type>; 3],
    located: Located,
}

impl Claims {
    /// Says where the claim numbered `at` stands.
    pub(super) fn place(&mut self, at: usize, locator: Option<Locator>) {
        self.located.push(locator.is_some());
        let Locator { offset, len, line } = locator.unwrap_or_default();
        for (places, place) in self.places.iter_mut().zip([offset, len, line]) {
            places.set(at, place);
        }
    }

    /// Forgets the claims from the one numbered `count` on.
    pub(super) fn truncate(&mut self, count: usize) {
        self.texts.iter_mut().for_each(|texts| texts.truncate(count));
        self.revision.truncate(count);
        self.modified.truncate(count);
        self.places.iter_mut().for_each(|places| places.truncate(count));
        self.located.truncate(count);
    }
}

#[derive(Default)]
struct Raw {
    values: Vec<Option<Vec<u8>>>,
    bytes: usize,
}

fn count_to_i32(count: usize) -> i32 {
    i32::try_from(count).expect("the items of a batch are below 2^31")
}

impl Default for Builder {
    fn default() -> Self {
        Self::new(None)
    }
}

impl Builder {
    /// An empty batch. `wanted` = the names of the columns to fill, `None` = all; the others are absent, and setting
    /// them does nothing.
    pub fn new(wanted: Option<&[String]>) -> Self {
        let all = event_schema();
        let keep = |field: &Arc<Field>| wanted.is_none_or(|wanted| wanted.iter().any(|name| name == field.name()));
        let schema = match wanted {
            None => Arc::clone(&all),
            Some(_) => {
                let fields: Vec<Arc<Field>> = all.fields().iter().filter(|field| keep(field)).cloned().collect();
                Arc::new(Schema::new_with_metadata(fields, all.metadata().clone()))
            }
        };
        Self {
            rows: 0,
            wanted: all.fields().iter().map(keep).collect(),
            schema,
            texts: Default::default(),
            numbers: Default::default(),
            codes: std::array::from_fn(|at| Plain::new(Code::ALL[at].default())),
            degrees: Default::default(),
            nanos: Plain::default(),
            tags: List::default(),
            actors: List::default(),
            claims: List::default(),
            raw: Raw::default(),
        }
    }

    /// The schema of the batches.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// How many rows are ended.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether no row is ended.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// About how many bytes the values take.
    pub fn bytes(&self) -> usize {
        let claims: usize = self.claims.items.texts.iter().map(Texts::bytes).sum();
        let texts: usize =
            self.texts.iter().chain([&self.tags.items]).chain(&self.actors.items).map(Texts::bytes).sum();
        texts + claims + self.raw.bytes + 100 * self.rows + 100 * self.claims.count
    }

    /// Ends the current row.
    pub fn end_row(&mut self) {
        self.rows += 1;
    }

    /// Forgets what has been set in the current row.
    pub fn cancel_row(&mut self) {
        let row = self.rows;
        self.texts.iter_mut().for_each(|texts| texts.truncate(row));
        self.numbers.iter_mut().for_each(|numbers| numbers.truncate(row));
        self.codes.iter_mut().for_each(|codes| codes.truncate(row));
        self.degrees.iter_mut().for_each(|degrees| degrees.truncate(row));
        self.nanos.truncate(row);
        let tags = self.tags.truncate(row);
        self.tags.items.truncate(tags);
        let actors = self.actors.truncate(row);
        self.actors.items.iter_mut().for_each(|texts| texts.truncate(actors));
        let count = self.claims.truncate(row);
        self.claims.items.truncate(count);
        self.raw.values.truncate(row);
    }

    #[inline]
    pub(super) fn wants(&self, name: &str) -> bool {
        self.schema.fields().len() == self.wanted.len() || self.schema.field_with_name(name).is_ok()
    }

    /// Whether the current row has a text in this column.
    pub fn has(&self, column: Text) -> bool {
        self.texts[column as usize].len() > self.rows
    }

    /// The text of the current row in this column.
    pub fn current(&self, column: Text) -> Option<&str> {
        self.has(column).then(|| self.texts[column as usize].last())
    }

    /// Sets a text.
    #[inline]
    pub fn text(&mut self, column: Text, text: &str) {
        if self.wants(column.name()) {
            self.texts[column as usize].set(self.rows, text);
        }
    }

    /// Sets the text that `write` appends to the buffer it is given, unless it fails. It must not touch what is in the
    /// buffer already.
    pub fn text_with<E>(&mut self, column: Text, write: impl FnOnce(&mut String) -> Result<(), E>) -> Result<(), E> {
        let wanted = self.wants(column.name());
        self.texts[column as usize].set_with(self.rows, wanted, write).map(drop)
    }

    /// Sets a number.
    pub fn number(&mut self, column: Number, number: i64) {
        if self.wants(column.name()) {
            self.numbers[column as usize].set(self.rows, number);
        }
    }

    /// Sets a code.
    pub fn code(&mut self, column: Code, code: u8) {
        if self.wants(column.name()) {
            self.codes[column as usize].set(self.rows, code);
        }
    }

    /// Sets the nanoseconds of the start, 0-999.
    pub fn nanos(&mut self, nanos: u16) {
        if self.wants("start_nanos") {
            self.nanos.set(self.rows, nanos);
        }
    }

    /// Sets degrees.
    pub fn degrees(&mut self, column: Degrees, degrees: f64) {
        if self.wants(column.name()) {
            self.degrees[column as usize].set(self.rows, degrees);
        }
    }

    /// Sets all that a time says. Nothing of an earlier time of the same row may be left: it is set once.
    pub fn when(&mut self, when: &When) {
        let texts = [
            (Text::Edtf, &when.edtf),
            (Text::Said, &when.said),
            (Text::Zone, &when.zone),
            (Text::EndZone, &when.end_zone),
        ];
        for (column, text) in texts {
            text.iter().for_each(|text| self.text(column, text));
        }
        let bounds = [Number::StartLo, Number::StartHi, Number::EndLo, Number::EndHi].into_iter().zip(when.bounds());
        for (column, bound) in bounds {
            bound.into_iter().for_each(|bound| self.number(column, bound));
        }
        self.when_codes(when);
    }

    /// Sets what a time says in codes.
    fn when_codes(&mut self, when: &When) {
        let codes = [
            (Code::Extent, when.extent as u8),
            (Code::Precision, when.precision as u8),
            (Code::Qualifier, when.qualifier as u8),
            (Code::Part, when.part as u8),
        ];
        for (column, code) in codes.into_iter().filter(|(column, code)| *code != column.default()) {
            self.code(column, code);
        }
        if when.start_nanos > 0 {
            self.nanos(when.start_nanos);
        }
    }

    /// Adds a tag.
    pub fn tag(&mut self, tag: &str) {
        if self.wants("tags") {
            self.tags.items.push(tag);
            self.tags.add(self.rows);
        }
    }

    /// Adds an actor.
    pub fn actor(&mut self, actor: &Actor) {
        if !self.wants("actors") {
            return;
        }
        let at = self.actors.count;
        for (texts, text) in self.actors.items.iter_mut().zip([&actor.name, &actor.role, &actor.address]) {
            text.iter().for_each(|text| texts.set(at, text));
        }
        self.actors.add(self.rows);
    }

    /// Adds the record's own claim: where it stands, and its id inside its source.
    pub fn own_claim(&mut self, locator: Option<Locator>, local_id: Option<&str>) {
        if self.wants("claims") {
            self.open_claim("", local_id, locator);
            self.claims.add(self.rows);
        }
    }

    /// Adds a claim.
    pub fn claim(&mut self, claim: &Claim) {
        if !self.wants("claims") {
            return;
        }
        let at = self.open_claim(&claim.source, claim.id.as_deref(), claim.locator);
        let items = &mut self.claims.items;
        let texts = [
            (ClaimText::Instance, &claim.instance),
            (ClaimText::Lane, &claim.lane),
            (ClaimText::AttributedTo, &claim.attributed_to),
            (ClaimText::Quote, &claim.quote),
            (ClaimText::Edtf, &claim.edtf),
            (ClaimText::Title, &claim.title),
            (ClaimText::Differs, &claim.differs),
            (ClaimText::Retrieved, &claim.retrieved),
        ];
        for (field, text) in texts {
            text.iter().for_each(|text| items.texts[field as usize].set(at, text));
        }
        claim.revision.into_iter().for_each(|revision| items.revision.set(at, revision));
        claim.modified.into_iter().for_each(|modified| items.modified.set(at, modified));
        self.claims.add(self.rows);
    }

    fn open_claim(&mut self, source: &str, id: Option<&str>, locator: Option<Locator>) -> usize {
        let at = self.claims.count;
        let items = &mut self.claims.items;
        items.texts[ClaimText::Source as usize].set(at, source);
        id.into_iter().for_each(|id| items.texts[ClaimText::Id as usize].set(at, id));
        items.place(at, locator);
        at
    }

    /// Sets the source bytes of the record.
    pub fn raw(&mut self, bytes: &[u8]) {
        if self.wants("raw") {
            self.raw.bytes += bytes.len();
            self.raw.values.resize(self.rows, None);
            self.raw.values.push(Some(bytes.to_vec()));
        }
    }

    /// Adds a whole row.
    pub fn event(&mut self, event: &Event) {
        let texts = [
            (Text::Id, &event.id),
            (Text::Instance, &event.instance),
            (Text::Recurrence, &event.recurrence),
            (Text::Title, &event.title),
            (Text::Body, &event.body),
            (Text::Kind, &event.kind),
            (Text::Status, &event.status),
            (Text::Lane, &event.lane),
            (Text::Url, &event.url),
            (Text::Place, &event.place),
            (Text::Extra, &event.extra),
            (Text::RawFormat, &event.raw_format),
        ];
        for (column, text) in texts {
            text.iter().for_each(|text| self.text(column, text));
        }
        let numbers =
            [(Number::Revision, event.revision), (Number::Modified, event.modified), (Number::Stamped, event.stamped)];
        for (column, number) in numbers {
            number.into_iter().for_each(|number| self.number(column, number));
        }
        self.when(&event.when);
        event.lat.into_iter().for_each(|lat| self.degrees(Degrees::Lat, lat));
        event.lon.into_iter().for_each(|lon| self.degrees(Degrees::Lon, lon));
        event.tags.iter().for_each(|tag| self.tag(tag));
        event.actors.iter().for_each(|actor| self.actor(actor));
        event.claims.iter().for_each(|claim| self.claim(claim));
        event.raw.iter().for_each(|raw| self.raw(raw));
        self.end_row();
    }

    /// The batch; the builder is empty again.
    pub fn finish(&mut self) -> RecordBatch {
        self.cancel_row();
        let rows = std::mem::take(&mut self.rows);
        let schema = Arc::clone(&self.schema);
        let columns = schema.fields().iter().map(|field| self.column(field.name(), rows)).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(schema, columns, &options)
            .expect("the columns are made from the schema itself")
    }

    fn column(&mut self, name: &str, rows: usize) -> ArrayRef {
        if let Some(at) = Text::ALL.iter().position(|column| column.name() == name) {
            return self.texts[at].finish(rows);
        }
        if let Some(at) = Number::ALL.iter().position(|column| column.name() == name) {
            let numbers = self.numbers[at].finish(rows);
            return match Number::ALL[at] {
                Number::Revision => Arc::new(numbers),
                Number::Modified | Number::Stamped => {
                    Arc::new(numbers.reinterpret_cast::<TimestampMicrosecondType>().with_timezone("UTC"))
                }
                _ => Arc::new(numbers.reinterpret_cast::<TimestampMicrosecondType>()),
            };
        }
        if let Some(at) = Code::ALL.iter().position(|column| column.name() == name) {
            return self.codes[at].finish(rows);
        }
        if let Some(at) = Degrees::ALL.iter().position(|column| column.name() == name) {
            return Arc::new(self.degrees[at].finish(rows));
        }
        match name {
            "start_nanos" => self.nanos.finish(rows),
            "tags" => {
                let offsets = self.tags.offsets(rows);
                list(DataType::Utf8, offsets, self.tags.items.finish_items())
            }
            "actors" => {
                let count = self.actors.count;
                let offsets = self.actors.offsets(rows);
                let columns = self.actors.items.iter_mut().map(|texts| texts.finish(count)).collect();
                list(DataType::Struct(actor_fields()), offsets, structs(actor_fields(), columns, None, count))
            }
            "claims" => self.claims(rows),
            "raw" => {
                self.raw.values.resize(rows, None);
                self.raw.bytes = 0;
                let values = std::mem::take(&mut self.raw.values);
                Arc::new(BinaryArray::from_iter(values.iter().map(Option::as_deref)))
            }
            _ => unreachable!("a column of the schema without a writer: {name}"),
        }
    }

    fn claims(&mut self, rows: usize) -> ArrayRef {
        let count = self.claims.count;
        let offsets = self.claims.offsets(rows);
        let items = &mut self.claims.items;
        let places = items.places.iter_mut().map(|places| places.finish(count)).collect();
        let located = items.located.finish();
        let mut places = Some(structs(locator_fields(), places, located, count));
        let fields = claim_fields();
        let columns = fields.iter().map(|field| match field.name().as_str() {
            "revision" => Arc::new(items.revision.finish(count)) as ArrayRef,
            "modified" => {
                let numbers = items.modified.finish(count);
                Arc::new(numbers.reinterpret_cast::<TimestampMicrosecondType>().with_timezone("UTC"))
            }
            "locator" => places.take().expect("there is one locator"),
            "source" if count == 0 => items.texts[ClaimText::Source as usize].finish_items(),
            name => {
                let at = ClaimText::ALL.iter().position(|field| field.name() == name);
                items.texts[at.expect("a text field of a claim")].finish(count)
            }
        });
        let columns = columns.collect();
        list(DataType::Struct(fields.clone()), offsets, structs(fields, columns, None, count))
    }
}

fn list(item: DataType, offsets: OffsetBuffer<i32>, values: ArrayRef) -> ArrayRef {
    Arc::new(ListArray::new(Arc::new(Field::new("item", item, false)), offsets, values, None))
}

fn structs(fields: Fields, columns: Vec<ArrayRef>, valid: Option<NullBuffer>, len: usize) -> ArrayRef {
    Arc::new(StructArray::try_new_with_length(fields, columns, valid, len).expect("columns made from the fields"))
}
