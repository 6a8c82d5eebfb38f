//! `--explain`: one line of JSON for each merge.

use std::io::{BufWriter, Write};

use annals_core::{Claim, Event, key};
use serde_json::{Value, json};

use super::{Joined, Member};
use crate::exit::Trouble;
use crate::output::Pending;

/// Writes down what was joined, and why.
#[derive(Default)]
pub struct Explain(Option<BufWriter<Pending>>);

impl Explain {
    /// Into this file.
    pub fn to(file: Option<Pending>) -> Self {
        Self(file.map(|file| BufWriter::with_capacity(64 << 10, file)))
    }

    /// Whether anything is written down.
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Notes that records have become one event, or that events of one id contradict each other.
    pub fn merged(&mut self, rule: &str, joined: &Joined, conflict: bool) -> Result<(), Trouble> {
        let Some(out) = &mut self.0 else { return Ok(()) };
        let event = &joined.event;
        let mut members: Vec<&Member> = std::iter::once(&joined.standing).chain(&joined.others).collect();
        members.sort_by(|a, b| (a.source, &a.claim).cmp(&(b.source, &b.claim)));
        let member = |member: &&Member| describe(member, std::ptr::eq(*member, &joined.standing));
        let members: Vec<Value> = members.iter().map(member).collect();
        let alternates: Vec<Value> = event.claims.iter().filter_map(alternate).collect();
        let line = json!({
            "rule": rule,
            "id": event.id,
            "key": key::hex(&key::content_key(event)),
            "instance": event.instance,
            "when": event.when.edtf,
            "title": event.title,
            "conflict": conflict,
            "members": members,
            "alternates": alternates,
        });
        writeln!(out, "{line}").map_err(|error| Trouble::new("cannot write the file of `--explain`").cause(error))
    }

    /// The file, all written.
    pub fn finish(self) -> Result<Option<Pending>, Trouble> {
        let cannot = |error: std::io::Error| Trouble::new("cannot write the file of `--explain`").cause(error);
        self.0.map(|out| out.into_inner().map_err(|error| cannot(error.into_error()))).transpose()
    }
}

/// A record that went into an event.
fn describe(member: &Member, stands: bool) -> Value {
    let claim = member.claim.as_ref();
    let locator = claim.and_then(|claim| claim.locator);
    json!({
        "source": claim.map(|claim| claim.source.as_str()),
        "offset": locator.map(|l| l.offset),
        "line": locator.map(|l| l.line).filter(|&line| line > 0),
        "id": claim.and_then(|claim| claim.id.as_deref()),
        "revision": member.revision,
        "stands": stands,
    })
}

/// What a claim says otherwise, if it does.
fn alternate(claim: &Claim) -> Option<Value> {
    let says = [&claim.instance, &claim.lane, &claim.edtf, &claim.title, &claim.differs];
    if says.iter().all(|said| said.is_none()) && claim.revision.is_none() && claim.modified.is_none() {
        return None;
    }
    let with_claim = Event { claims: vec![claim.clone()], ..Event::default() };
    let mut object = annals_core::json::to_object(&with_claim);
    let Some(Value::Array(mut claims)) = object.remove("claims") else { return None };
    let Some(Value::Object(claim)) = claims.pop() else { return None };
    Some(Value::Object(claim.into_iter().filter(|(_, value)| !value.is_null()).collect()))
}
