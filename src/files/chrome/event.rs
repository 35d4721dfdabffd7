//! One trace event, read leniently: what is not of the expected kind counts as missing, and what is not needed is passed over.

use core::fmt;
use std::borrow::Cow;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A name of a process, a thread or an async track: files have numbers and texts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    #[default]
    None,
    Number(i64),
    Text(String),
}

/// A value of which only the kinds that matter are kept.
#[derive(Debug)]
enum Loose<'a> {
    Number(f64),
    Whole(i64),
    Text(Cow<'a, str>),
    /// An object: its `name`, if that is a text.
    Named(Option<String>),
    Other,
}

impl Loose<'_> {
    fn number(&self) -> Option<f64> {
        match self {
            Loose::Number(number) => Some(*number),
            Loose::Whole(number) => Some(*number as f64),
            _ => None,
        }
    }

    fn key(self) -> Key {
        match self {
            Loose::Whole(number) => Key::Number(number),
            Loose::Number(number) => Key::Text(number.to_string()),
            Loose::Text(text) => Key::Text(text.into_owned()),
            Loose::Named(_) | Loose::Other => Key::None,
        }
    }
}

impl<'de> Deserialize<'de> for Loose<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Loose<'de>, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Loose<'de>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("any value")
            }

            fn visit_bool<E>(self, _: bool) -> Result<Loose<'de>, E> {
                Ok(Loose::Other)
            }

            fn visit_i64<E>(self, number: i64) -> Result<Loose<'de>, E> {
                Ok(Loose::Whole(number))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Loose<'de>, E> {
                Ok(i64::try_from(number).map_or(Loose::Number(number as f64), Loose::Whole))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Loose<'de>, E> {
                Ok(Loose::Number(number))
            }

            fn visit_str<E>(self, text: &str) -> Result<Loose<'de>, E> {
                Ok(Loose::Text(Cow::Owned(text.to_owned())))
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Loose<'de>, E> {
                Ok(Loose::Text(Cow::Borrowed(text)))
            }

            fn visit_unit<E>(self) -> Result<Loose<'de>, E> {
                Ok(Loose::Other)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Loose<'de>, A::Error> {
                while items.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Loose::Other)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Loose<'de>, A::Error> {
                let mut name = None;
                while let Some(key) = entries.next_key::<Cow<'_, str>>()? {
                    if matches!(&*key, "name" | "local" | "global") {
                        // Not deeper than this: a name is a text.
                        if let Loose::Text(text) = entries.next_value()? {
                            name = Some(text.into_owned());
                        }
                    } else {
                        entries.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(Loose::Named(name))
            }
        }

        deserializer.deserialize_any(Any)
    }
}

/// A trace event.
#[derive(Debug, Default)]
pub struct Event<'a> {
    /// What it is: `X`, `B`, `E`, `b`, `e`, `n`, `M`, ….
    pub ph: u8,
    pub name: Cow<'a, str>,
    pub category: Cow<'a, str>,
    pub pid: Key,
    pub tid: Key,
    /// Of an async track.
    pub id: Key,
    /// Microseconds.
    pub ts: Option<f64>,
    pub dur: Option<f64>,
    /// What metadata names something.
    pub named: Option<String>,
}

/// An event, or `None` in the place of something else.
#[derive(Debug)]
pub struct MaybeEvent<'a>(pub Option<Event<'a>>);

impl<'de> Deserialize<'de> for MaybeEvent<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<MaybeEvent<'de>, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = MaybeEvent<'de>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an event")
            }

            fn visit_bool<E>(self, _: bool) -> Result<MaybeEvent<'de>, E> {
                Ok(MaybeEvent(None))
            }

            fn visit_i64<E>(self, _: i64) -> Result<MaybeEvent<'de>, E> {
                Ok(MaybeEvent(None))
            }

            fn visit_u64<E>(self, _: u64) -> Result<MaybeEvent<'de>, E> {
                Ok(MaybeEvent(None))
            }

            fn visit_f64<E>(self, _: f64) -> Result<MaybeEvent<'de>, E> {
                Ok(MaybeEvent(None))
            }

            fn visit_str<E>(self, _: &str) -> Result<MaybeEvent<'de>, E> {
                Ok(MaybeEvent(None))
            }

            fn visit_unit<E>(self) -> Result<MaybeEvent<'de>, E> {
                Ok(MaybeEvent(None))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<MaybeEvent<'de>, A::Error> {
                while items.next_element::<IgnoredAny>()?.is_some() {}
                Ok(MaybeEvent(None))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<MaybeEvent<'de>, A::Error> {
                let mut event = Event::default();
                while let Some(key) = entries.next_key::<Cow<'_, str>>()? {
                    match &*key {
                        "ph" => {
                            if let Loose::Text(text) = entries.next_value()? {
                                event.ph = text.as_bytes().first().copied().unwrap_or(0);
                            }
                        }
                        "name" => event.name = text(entries.next_value()?),
                        "cat" => event.category = text(entries.next_value()?),
                        "pid" => event.pid = entries.next_value::<Loose<'_>>()?.key(),
                        "tid" => event.tid = entries.next_value::<Loose<'_>>()?.key(),
                        "id" => event.id = entries.next_value::<Loose<'_>>()?.key(),
                        // Chrome's own: an id within a process, or of all.
                        "id2" => {
                            if let Loose::Named(Some(id)) = entries.next_value()? {
                                event.id = Loose::Text(Cow::Owned(id)).key();
                            }
                        }
                        "ts" => event.ts = entries.next_value::<Loose<'_>>()?.number(),
                        "dur" => event.dur = entries.next_value::<Loose<'_>>()?.number(),
                        "args" => {
                            if let Loose::Named(name) = entries.next_value()? {
                                event.named = name;
                            }
                        }
                        _ => {
                            entries.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(MaybeEvent(Some(event)))
            }
        }

        deserializer.deserialize_any(Fields)
    }
}

fn text(value: Loose<'_>) -> Cow<'_, str> {
    if let Loose::Text(text) = value { text } else { Cow::Borrowed("") }
}
