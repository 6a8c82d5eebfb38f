//! Filling tags, actors and claims value by value, for importers that read them so.

use super::builder::Builder;
use super::columns::{ActorText, ClaimText};
use crate::claim::Locator;

impl Builder {
    /// Adds the tag that `write` appends to the buffer it is given, unless it fails.
    pub fn tag_with<E>(&mut self, write: impl FnOnce(&mut String) -> Result<(), E>) -> Result<(), E> {
        let wanted = self.wants("tags");
        let at = self.tags.count;
        if self.tags.items.set_with(at, wanted, write)? {
            self.tags.add(self.rows);
        }
        Ok(())
    }

    /// Sets a text of the actor under way, which [`Builder::end_actor`] ends.
    pub fn actor_text_with<E>(
        &mut self,
        field: ActorText,
        write: impl FnOnce(&mut String) -> Result<(), E>,
    ) -> Result<(), E> {
        let at = self.actors.count;
        let texts = &mut self.actors.items[field as usize];
        texts.set_with(at, true, write).map(drop)
    }

    /// Adds the actor under way.
    pub fn end_actor(&mut self) {
        if self.wants("actors") {
            self.actors.add(self.rows);
        } else {
            let count = self.actors.count;
            self.actors.items.iter_mut().for_each(|texts| texts.truncate(count));
        }
    }

    /// Sets a text of the claim under way, which [`Builder::end_claim`] ends.
    pub fn claim_text_with<E>(
        &mut self,
        field: ClaimText,
        write: impl FnOnce(&mut String) -> Result<(), E>,
    ) -> Result<(), E> {
        let at = self.claims.count;
        let texts = &mut self.claims.items.texts[field as usize];
        texts.set_with(at, true, write).map(drop)
    }

    /// Sets the revision that the claim under way says otherwise.
    pub fn claim_revision(&mut self, revision: i64) {
        self.claims.items.revision.set(self.claims.count, revision);
    }

    /// Sets the last change that the claim under way says otherwise.
    pub fn claim_modified(&mut self, modified: i64) {
        self.claims.items.modified.set(self.claims.count, modified);
    }

    /// Whether the claim under way has a source: else it is the record's own.
    pub fn claim_has_source(&self) -> bool {
        self.claims.items.texts[ClaimText::Source as usize].has_text(self.claims.count)
    }

    /// Adds the claim under way.
    pub fn end_claim(&mut self, locator: Option<Locator>) {
        let at = self.claims.count;
        if !self.wants("claims") {
            return self.claims.items.truncate(at);
        }
        let items = &mut self.claims.items;
        if items.texts[ClaimText::Source as usize].len() <= at {
            items.texts[ClaimText::Source as usize].set(at, "");
        }
        items.place(at, locator);
        self.claims.add(self.rows);
    }
}
