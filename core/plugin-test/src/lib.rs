//! For authors of annals plugins: tests of a format through its real vtable, and the conformance kit.
//!
//! A plugin's crate has this one (and perhaps `insta`) among its `dev-dependencies`. What it calls is the descriptor that
//! a program would load, so that every byte, note and account passes the C ABI and is checked as a host checks it.
//!
//! ```
//! use annals_core::{Error, Event, Export, Exporter, Format, FormatInfo, When};
//! use std::io::Write;
//!
//! /// The titles, one a line.
//! pub struct Titles;
//!
//! impl Format for Titles {
//!     const INFO: FormatInfo = FormatInfo {
//!         name: "titles",
//!         summary: "the titles, one a line",
//!         extensions: "titles",
//!         media_types: "text/plain",
//!         options: r#"{"properties":{}}"#,
//!         example: "annals merge a.ics -t titles",
//!     };
//! }
//!
//! impl Exporter for Titles {
//!     fn export(cx: &mut Export<'_>) -> Result<(), Error> {
//!         while let Some(event) = cx.next_event()? {
//!             match &event.title {
//!                 Some(title) => writeln!(cx, "{}", title.escape_debug())?,
//!                 None => cx.omit(&event, "no-title", "there is nothing to write of it"),
//!             }
//!         }
//!         Ok(())
//!     }
//! }
//!
//! annals_core::plugin! { id: "titles", version: "1.0.0", formats: [Titles: export] }
//!
//! # fn main() {
//! // In a test: one call, and all that came of it as text.
//! let format = annals_plugin_test::format(&PLUGIN, "titles");
//! let events = [Event::new().id("a").title("Talk").when(When::parse("2025-09-10", None).unwrap()), Event::new().id("b")];
//! let exported = annals_plugin_test::export(&format, &events, &[], &Default::default());
//! assert_eq!(
//!     exported.to_string(),
//!     "Talk\n----\nomit [no-title] \"b\": there is nothing to write of it\nread 2 = written 1 + omitted 1\n"
//! );
//! # }
//! ```
//!
//! [`conform!`] makes a `#[test]` of every test of the kit; `annals plugin check LIB` runs the same on the library,
//! each in a process of its own and with an eye on the clock.

mod inputs;
pub mod kit;
mod run;
mod samples;
mod subject;
mod text;

pub use inputs::Bytes;
pub use run::{Exported, Imported, Validated, export, export_in_batches, import, import_from, validate};
pub use samples::{Sample, read_samples, samples_of};
pub use subject::{About, Subject, format, plugin};

/// A `#[test]` for every test of the conformance kit, on all formats of a plugin.
///
/// The samples are in the folder `samples` beside `Cargo.toml`, or in the folder of a second argument; a format that
/// cannot be read needs none. A sample that needs options has them beside it, in `NAME.options.json`.
///
/// ```
/// # use annals_core::{Error, Export, Exporter, Format, FormatInfo};
/// # pub struct Nothing;
/// # impl Format for Nothing {
/// #     const INFO: FormatInfo = FormatInfo {
/// #         name: "nothing", summary: "nothing at all", extensions: "", media_types: "", options: "{}",
/// #         example: "annals merge a.ics -t nothing",
/// #     };
/// # }
/// # impl Exporter for Nothing {
/// #     fn export(cx: &mut Export<'_>) -> Result<(), Error> {
/// #         while let Some(event) = cx.next_event()? { cx.omit(&event, "nothing", "nothing is written") }
/// #         Ok(())
/// #     }
/// # }
/// annals_core::plugin! { id: "nothing", version: "1.0.0", formats: [Nothing: export] }
///
/// mod conformance {
///     annals_plugin_test::conform!(crate::PLUGIN);
/// }
/// # fn main() {
/// #     annals_plugin_test::kit::assert_passes(&PLUGIN, "samples", "export");
/// # }
/// ```
#[macro_export]
macro_rules! conform {
    ($plugin:path) => {
        $crate::conform!($plugin, concat!(env!("CARGO_MANIFEST_DIR"), "/samples"));
    };
    ($plugin:path, $samples:expr) => {
        $crate::conform!(@ $plugin, $samples;
            descriptor utf_8 options flags sniff samples schema accounting locators empty determinism batches reads wanted
            parts read_error max_record cancel truncation validate export option_values round_trip);
    };
    (@ $plugin:path, $samples:expr; $($test:ident)+) => {
        $(
            #[test]
            fn $test() {
                $crate::kit::assert_passes(&$plugin, $samples, stringify!($test));
            }
        )+
        #[test]
        fn the_kit_has_no_other_tests() {
            assert_eq!($crate::kit::names(), [$(stringify!($test)),+]);
        }
    };
}
