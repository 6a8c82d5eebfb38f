//! Words with a meaning of their own: colours, values of parameters.

/// Whether a word is a colour name of CSS3, in any case.
pub(super) fn is_color(word: &str) -> bool {
    COLORS.split_ascii_whitespace().any(|color| color.eq_ignore_ascii_case(word))
}

/// The extended colour keywords of CSS Color Module Level 3, section 4.3.
const COLORS: &str = "
    aliceblue antiquewhite aqua aquamarine azure beige bisque black blanchedalmond blue blueviolet brown burlywood
    cadetblue chartreuse chocolate coral cornflowerblue cornsilk crimson cyan darkblue darkcyan darkgoldenrod darkgray
    darkgreen darkgrey darkkhaki darkmagenta darkolivegreen darkorange darkorchid darkred darksalmon darkseagreen
    darkslateblue darkslategray darkslategrey darkturquoise darkviolet deeppink deepskyblue dimgray dimgrey dodgerblue
    firebrick floralwhite forestgreen fuchsia gainsboro ghostwhite gold goldenrod gray green greenyellow grey honeydew
    hotpink indianred indigo ivory khaki lavender lavenderblush lawngreen lemonchiffon lightblue lightcoral lightcyan
    lightgoldenrodyellow lightgray lightgreen lightgrey lightpink lightsalmon lightseagreen lightskyblue lightslategray
    lightslategrey lightsteelblue lightyellow lime limegreen linen magenta maroon mediumaquamarine mediumblue
    mediumorchid mediumpurple mediumseagreen mediumslateblue mediumspringgreen mediumturquoise mediumvioletred
    midnightblue mintcream mistyrose moccasin navajowhite navy oldlace olive olivedrab orange orangered orchid
    palegoldenrod palegreen paleturquoise palevioletred papayawhip peachpuff peru pink plum powderblue purple red
    rosybrown royalblue saddlebrown salmon sandybrown seagreen seashell sienna silver skyblue slateblue slategray
    slategrey snow springgreen steelblue tan teal thistle tomato turquoise violet wheat white whitesmoke yellow
    yellowgreen";

/// What a parameter may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says {
    /// Any text.
    Text,
    /// One of these words and no other.
    Word(&'static str),
    /// One of these words, or one that somebody else registered.
    OpenWord(&'static str),
    /// URIs in quotes.
    Uris,
    /// A URI, in quotes where it has to be.
    Uri,
    /// A media type.
    Media,
    /// A language tag.
    Language,
    /// A DURATION.
    Duration,
    /// Digits.
    Number,
}

/// A parameter: where it is defined, what it says, and whether it has several values.
pub(super) struct Parameter {
    pub name: &'static str,
    pub rule: (&'static str, &'static str),
    pub says: Says,
    pub list: bool,
}

const fn q(name: &'static str, rule: (&'static str, &'static str), says: Says) -> Parameter {
    Parameter { name, rule, says, list: false }
}

impl Parameter {
    const fn many(self) -> Parameter {
        Parameter { list: true, ..self }
    }
}

const PARTSTATS: &str = "NEEDS-ACTION ACCEPTED DECLINED TENTATIVE DELEGATED COMPLETED IN-PROCESS";
const RELTYPES: &str = "PARENT CHILD SIBLING FINISHTOSTART FINISHTOFINISH STARTTOFINISH STARTTOSTART FIRST NEXT \
                        DEPENDS-ON REFID CONCEPT SNOOZE";
const ROLES: &str = "CHAIR REQ-PARTICIPANT OPT-PARTICIPANT NON-PARTICIPANT";
const FEATURES: &str = "AUDIO CHAT FEED MODERATOR PHONE SCREEN VIDEO";

#[rustfmt::skip]
static PARAMETERS: &[Parameter] = &[
    q("ALTREP", ("5545", "3.2.1"), Says::Uris),
    q("CN", ("5545", "3.2.2"), Says::Text),
    q("CUTYPE", ("5545", "3.2.3"), Says::OpenWord("INDIVIDUAL GROUP RESOURCE ROOM UNKNOWN")),
    q("DELEGATED-FROM", ("5545", "3.2.4"), Says::Uris).many(),
    q("DELEGATED-TO", ("5545", "3.2.5"), Says::Uris).many(),
    q("DERIVED", ("9073", "5.3"), Says::Word("TRUE FALSE")),
    q("DIR", ("5545", "3.2.6"), Says::Uris),
    q("DISPLAY", ("7986", "6.1"), Says::OpenWord("BADGE GRAPHIC FULLSIZE THUMBNAIL")).many(),
    q("EMAIL", ("7986", "6.2"), Says::Text),
    q("ENCODING", ("5545", "3.2.7"), Says::Word("8BIT BASE64")),
    q("FBTYPE", ("5545", "3.2.9"), Says::OpenWord("FREE BUSY BUSY-UNAVAILABLE BUSY-TENTATIVE")),
    q("FEATURE", ("7986", "6.3"), Says::OpenWord(FEATURES)).many(),
    q("FILENAME", ("8607", "4.2"), Says::Text),
    q("FMTTYPE", ("5545", "3.2.8"), Says::Media),
    q("GAP", ("9253", "6.2"), Says::Duration),
    q("LABEL", ("7986", "6.4"), Says::Text),
    q("LANGUAGE", ("5545", "3.2.10"), Says::Language),
    q("LINKREL", ("9253", "6.1"), Says::Text),
    q("MANAGED-ID", ("8607", "4.3"), Says::Text),
    q("MEMBER", ("5545", "3.2.11"), Says::Uris).many(),
    q("ORDER", ("9073", "5.1"), Says::Number),
    q("PARTSTAT", ("5545", "3.2.12"), Says::OpenWord(PARTSTATS)),
    q("RANGE", ("5545", "3.2.13"), Says::Word("THISANDFUTURE")),
    q("RELATED", ("5545", "3.2.14"), Says::Word("START END")),
    q("RELTYPE", ("5545", "3.2.15"), Says::OpenWord(RELTYPES)),
    q("ROLE", ("5545", "3.2.16"), Says::OpenWord(ROLES)),
    q("RSVP", ("5545", "3.2.17"), Says::Word("TRUE FALSE")),
    q("SCHEDULE-AGENT", ("6638", "7.1"), Says::OpenWord("SERVER CLIENT NONE")),
    q("SCHEDULE-FORCE-SEND", ("6638", "7.2"), Says::OpenWord("REQUEST REPLY")),
    q("SCHEDULE-STATUS", ("6638", "7.3"), Says::Text).many(),
    q("SCHEMA", ("9073", "5.2"), Says::Uri),
    q("SENT-BY", ("5545", "3.2.18"), Says::Uris),
    q("SIZE", ("8607", "4.1"), Says::Number),
    q("TZID", ("5545", "3.2.19"), Says::Text),
    q("VALUE", ("5545", "3.2.20"), Says::Text),
];

/// The parameter of this name, in upper case.
pub(super) fn parameter(name: &str) -> Option<&'static Parameter> {
    PARAMETERS.iter().find(|parameter| parameter.name == name)
}
