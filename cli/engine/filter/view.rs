//! What filters look at: the same questions to an event and to a row of the event table.

use annals_core::table::{ClaimText, Code, Number, Rows, Text};
use annals_core::when::Extent;
use annals_core::{Claim, Event, When};

/// Something that a filter can judge.
pub trait View {
    /// A text column.
    fn text(&self, column: Text) -> Option<&str>;
    /// Whether any tag passes.
    fn any_tag(&self, passes: &dyn Fn(&str) -> bool) -> bool;
    /// Whether this text of any claim passes; claims that do not have it are as the event.
    fn any_claim(&self, field: ClaimText, passes: &dyn Fn(&str) -> bool) -> bool;
    /// All of it.
    fn event(&self) -> Event;
    /// The bounds and the extent, all that windows ask for.
    fn bounds(&self) -> When;
}

impl View for Event {
    fn text(&self, column: Text) -> Option<&str> {
        match column {
            Text::Id => &self.id,
            Text::Instance => &self.instance,
            Text::Edtf => &self.when.edtf,
            Text::Said => &self.when.said,
            Text::Zone => &self.when.zone,
            Text::EndZone => &self.when.end_zone,
            Text::Recurrence => &self.recurrence,
            Text::Title => &self.title,
            Text::Body => &self.body,
            Text::Kind => &self.kind,
            Text::Status => &self.status,
            Text::Lane => &self.lane,
            Text::Url => &self.url,
            Text::Place => &self.place,
            Text::Extra => &self.extra,
            Text::RawFormat => &self.raw_format,
        }
        .as_deref()
    }

    fn any_tag(&self, passes: &dyn Fn(&str) -> bool) -> bool {
        self.tags.iter().any(|tag| passes(tag))
    }

    fn any_claim(&self, field: ClaimText, passes: &dyn Fn(&str) -> bool) -> bool {
        self.claims.iter().filter_map(|claim| claim_text(claim, field)).any(passes)
    }

    fn event(&self) -> Event {
        self.clone()
    }

    fn bounds(&self) -> When {
        let [start_lo, start_hi, end_lo, end_hi] = self.when.bounds();
        When { start_lo, start_hi, end_lo, end_hi, extent: self.when.extent, ..When::default() }
    }
}

fn claim_text(claim: &Claim, field: ClaimText) -> Option<&str> {
    match field {
        ClaimText::Source => return Some(&claim.source),
        ClaimText::Id => &claim.id,
        ClaimText::Instance => &claim.instance,
        ClaimText::Lane => &claim.lane,
        ClaimText::AttributedTo => &claim.attributed_to,
        ClaimText::Quote => &claim.quote,
        ClaimText::Edtf => &claim.edtf,
        ClaimText::Title => &claim.title,
        ClaimText::Differs => &claim.differs,
        ClaimText::Retrieved => &claim.retrieved,
    }
    .as_deref()
}

/// A row of a batch.
pub struct Row<'a> {
    /// The batch.
    pub rows: &'a Rows,
    /// Which row.
    pub row: usize,
}

impl View for Row<'_> {
    fn text(&self, column: Text) -> Option<&str> {
        self.rows.text(column, self.row)
    }

    fn any_tag(&self, passes: &dyn Fn(&str) -> bool) -> bool {
        self.rows.tags(self.row).any(passes)
    }

    fn any_claim(&self, field: ClaimText, passes: &dyn Fn(&str) -> bool) -> bool {
        self.rows.claims(self.row).filter_map(|at| self.rows.claim_text(field, at)).any(passes)
    }

    fn event(&self) -> Event {
        self.rows.event(self.row)
    }

    fn bounds(&self) -> When {
        let number = |column| self.rows.number(column, self.row);
        When {
            start_lo: number(Number::StartLo),
            start_hi: number(Number::StartHi),
            end_lo: number(Number::EndLo),
            end_hi: number(Number::EndHi),
            extent: Extent::from_code(self.rows.code(Code::Extent, self.row)).unwrap_or_default(),
            ..When::default()
        }
    }
}
