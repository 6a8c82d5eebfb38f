//! `plugin!`: one line makes a crate a plugin.

/// Declares the plugin of a crate: its descriptor `PLUGIN`, for building it in, and the exported function, for
/// loading it.
///
/// ```
/// use annals_core::{Error, Export, Exporter, Format, FormatInfo};
/// use std::io::Write;
///
/// /// Writes how many events there are.
/// pub struct Count;
///
/// impl Format for Count {
///     const INFO: FormatInfo = FormatInfo {
///         name: "count",
///         summary: "The number of events",
///         extensions: "count",
///         media_types: "text/plain",
///         options: r#"{"properties":{}}"#,
///         example: "annals merge a.ics -t count",
///     };
/// }
///
/// impl Exporter for Count {
///     fn export(cx: &mut Export<'_>) -> Result<(), Error> {
///         while cx.next_event()?.is_some() {}
///         let count = cx.counts().read;
///         writeln!(cx, "{count}")?;
///         Ok(())
///     }
/// }
///
/// annals_core::plugin! { id: "count", version: "1.0.0", formats: [Count: export] }
/// ```
#[macro_export]
macro_rules! plugin {
    (id: $id:literal, version: $version:expr, formats: [$($format:ident: $($way:ident)+),+ $(,)?] $(,)?) => {
        /// The descriptor of this plugin.
        pub static PLUGIN: $crate::abi::PluginTable = {
            static FORMATS: &[&$crate::abi::FormatTable] = &[$({
                static TABLE: $crate::abi::FormatTable = {
                    let table = $crate::shim::format::<$format>();
                    $(let table = $crate::shim::$way::<$format>(table);)+
                    table
                };
                &TABLE
            }),+];
            const MANIFEST: &str = concat!("{\"description\":\"", env!("CARGO_PKG_DESCRIPTION"), "\"}");
            $crate::shim::plugin($id, $version, MANIFEST, FORMATS)
        };

        /// What a loader calls for [`PLUGIN`].
        #[unsafe(export_name = concat!("annals_plugin_v1_", $id))]
        pub extern "C" fn annals_plugin_entry() -> *const $crate::abi::PluginTable {
            $crate::shim::loaded();
            &PLUGIN
        }
    };
}
