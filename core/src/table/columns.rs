//! The columns by name, for [`super::Builder`] and [`super::Rows`].

/// Columns of one type.
macro_rules! columns {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $column:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(usize)]
        pub enum $name { $($(#[$variant_doc])* $variant),* }

        impl $name {
            /// All of them, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];
            /// How many there are.
            pub(super) const COUNT: usize = Self::ALL.len();

            /// The name in the table.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $column),* }
            }
        }
    };
}

columns! {
    /// Text columns.
    Text {
        /// The real id.
        Id = "id",
        /// Which instance of a recurring event.
        Instance = "instance",
        /// When, as EDTF.
        Edtf = "edtf",
        /// The phrase of the source.
        Said = "said",
        /// The zone of the start.
        Zone = "zone",
        /// The zone of the end.
        EndZone = "end_zone",
        /// RRULE, RDATE, EXRULE and EXDATE lines.
        Recurrence = "recurrence",
        /// SUMMARY.
        Title = "title",
        /// DESCRIPTION.
        Body = "body",
        /// What sort of record.
        Kind = "kind",
        /// STATUS.
        Status = "status",
        /// A viewer's row.
        Lane = "lane",
        /// URL.
        Url = "url",
        /// LOCATION.
        Place = "place",
        /// What the format has beyond the columns, a JSON object.
        Extra = "extra",
        /// The format of `raw`.
        RawFormat = "raw_format",
    }
}

columns! {
    /// Columns of 64-bit integers, times included (microseconds since 1970).
    Number {
        /// SEQUENCE.
        Revision = "revision",
        /// LAST-MODIFIED.
        Modified = "modified",
        /// DTSTAMP.
        Stamped = "stamped",
        /// Earliest start.
        StartLo = "start_lo",
        /// Latest start.
        StartHi = "start_hi",
        /// Earliest end.
        EndLo = "end_lo",
        /// Latest end.
        EndHi = "end_hi",
    }
}

columns! {
    /// Columns of small codes.
    Code {
        /// [`crate::when::Extent`]
        Extent = "extent",
        /// [`crate::when::Precision`]
        Precision = "precision",
        /// [`crate::when::Qualifier`]
        Qualifier = "qualifier",
        /// [`crate::when::Part`]
        Part = "part",
    }
}

columns! {
    /// Columns of degrees.
    Degrees {
        /// Latitude.
        Lat = "lat",
        /// Longitude.
        Lon = "lon",
    }
}

columns! {
    /// Text fields of an actor.
    ActorText {
        /// The name.
        Name = "name",
        /// The role.
        Role = "role",
        /// The address.
        Address = "address",
    }
}

columns! {
    /// Text fields of a claim.
    ClaimText {
        /// The label of the source.
        Source = "source",
        /// The id in the source.
        Id = "id",
        /// The instance.
        Instance = "instance",
        /// The lane.
        Lane = "lane",
        /// Who said it.
        AttributedTo = "attributed_to",
        /// The words.
        Quote = "quote",
        /// When, according to it.
        Edtf = "edtf",
        /// The title.
        Title = "title",
        /// What else it says otherwise.
        Differs = "differs",
        /// When it was read.
        Retrieved = "retrieved",
    }
}

impl Code {
    /// The code of what says nothing.
    pub(super) const fn default(self) -> u8 {
        match self {
            Self::Precision => crate::when::Precision::Second as u8,
            Self::Extent | Self::Qualifier | Self::Part => 0,
        }
    }
}
