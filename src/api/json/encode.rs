//! From an object's type to its JSON, where no step can fail: the way back of [`decode`](super::decode), and for the
//! same reason.

use super::decode::Never;
use serde::ser::{Impossible, Serialize, SerializeMap, SerializeSeq, SerializeStruct, Serializer};
use serde_json::{Map, Value};

/// The JSON of a type of the API.
pub fn encode<T: Serialize + ?Sized>(typed: &T) -> Value {
    let Ok(value) = typed.serialize(Writer);
    value
}

#[derive(Clone, Copy)]
struct Writer;

/// Scalars of which each has a value.
macro_rules! scalars {
    ($($method:ident: $type:ty),*) => {
        $(fn $method(self, scalar: $type) -> Result<Value, Never> {
            Ok(Value::from(scalar))
        })*
    };
}

impl Serializer for Writer {
    type Ok = Value;
    type Error = Never;
    type SerializeSeq = Items;
    type SerializeTuple = Impossible<Value, Never>;
    type SerializeTupleStruct = Impossible<Value, Never>;
    type SerializeTupleVariant = Impossible<Value, Never>;
    type SerializeMap = Fields;
    type SerializeStruct = Fields;
    type SerializeStructVariant = Impossible<Value, Never>;

    scalars!(
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_f32: f32,
        serialize_f64: f64, serialize_str: &str, serialize_bytes: &[u8]
    );

    fn serialize_char(self, c: char) -> Result<Value, Never> {
        Ok(Value::String(c.into()))
    }

    fn serialize_none(self) -> Result<Value, Never> {
        Ok(Value::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Value, Never> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Value, Never> {
        Ok(Value::Null)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<Value, Never> {
        value.serialize(self)
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Items, Never> {
        Ok(Items(Vec::with_capacity(len.unwrap_or_default())))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Fields, Never> {
        Ok(Fields::default())
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Fields, Never> {
        Ok(Fields::default())
    }

    // The types of the API have no enums and no tuples.

    fn serialize_unit_struct(self, _: &'static str) -> Result<Value, Never> {
        Ok(Value::Null)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<Value, Never> {
        Ok(Value::from(variant))
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        value: &T,
    ) -> Result<Value, Never> {
        value.serialize(self)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Never> {
        unreachable!("no type of the API has a tuple")
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeTuple, Never> {
        unreachable!("no type of the API has a tuple")
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTuple, Never> {
        unreachable!("no type of the API is an enum of tuples")
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Never> {
        unreachable!("no type of the API is an enum of structs")
    }
}

struct Items(Vec<Value>);

impl SerializeSeq for Items {
    type Ok = Value;
    type Error = Never;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Never> {
        self.0.push(encode(value));
        Ok(())
    }

    fn end(self) -> Result<Value, Never> {
        Ok(Value::Array(self.0))
    }
}

#[derive(Default)]
struct Fields {
    fields: Map<String, Value>,
    /// The name of the entry whose value comes next.
    name: String,
}

impl SerializeMap for Fields {
    type Ok = Value;
    type Error = Never;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, name: &T) -> Result<(), Never> {
        if let Value::String(name) = encode(name) {
            self.name = name;
        }
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Never> {
        self.fields.insert(std::mem::take(&mut self.name), encode(value));
        Ok(())
    }

    fn end(self) -> Result<Value, Never> {
        Ok(Value::Object(self.fields))
    }
}

impl SerializeStruct for Fields {
    type Ok = Value;
    type Error = Never;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Never> {
        self.fields.insert(name.to_owned(), encode(value));
        Ok(())
    }

    fn end(self) -> Result<Value, Never> {
        Ok(Value::Object(self.fields))
    }
}
