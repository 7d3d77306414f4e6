//! Asks each case of the table by the Rust SDK, and prints each answer as a line of JSON.

use open_feature::{
    Client, EvaluationContext, EvaluationContextFieldValue, EvaluationDetails, EvaluationError,
    EvaluationErrorCode, OpenFeature, StructValue, Value,
};
use open_feature_ofrep::{OfrepOptions, OfrepProvider};
use reqwest::header::{AUTHORIZATION, HeaderMap};
use serde_json::{Map, Value as Json, json};
use std::{convert::Infallible, env, error::Error, fs};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let path = env::args().nth(1).ok_or("the table's path is missing")?;
    let table: Json = serde_json::from_str(&fs::read_to_string(path)?)?;
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, format!("Bearer {}", env::var("OFREP_TOKEN")?).parse()?);
    let options = OfrepOptions { base_url: env::var("OFREP_URL")?, headers, ..Default::default() };
    let mut api = OpenFeature::singleton_mut().await;
    api.set_provider(OfrepProvider::new(options).await?).await;
    let client = api.create_client();
    for case in table["cases"].as_array().ok_or("the table has no cases")? {
        println!("{}", ask(&client, case).await);
    }
    Ok(())
}

async fn ask(client: &Client, case: &Json) -> Json {
    let flag = case["flag"].as_str().unwrap_or_default();
    let context = Some(context_of(&case["context"]));
    let context = context.as_ref();
    match case["type"].as_str() {
        Some("boolean") => seen(case, client.get_bool_details(flag, context, None).await),
        Some("string") => seen(case, client.get_string_details(flag, context, None).await),
        Some("integer") => seen(case, client.get_int_details(flag, context, None).await),
        Some("float") => seen(case, client.get_float_details(flag, context, None).await),
        _ => {
            let details = client.get_struct_details::<Object>(flag, context, None).await;
            seen(case, details)
        }
    }
}

/// Without an attribute that holds others: the provider has no way to send one.
fn context_of(attributes: &Json) -> EvaluationContext {
    let mut context = EvaluationContext::default();
    for (name, value) in attributes.as_object().into_iter().flatten() {
        let field = match value {
            Json::String(text) if name == "targetingKey" => {
                context.targeting_key = Some(text.clone());
                continue;
            }
            Json::String(text) => EvaluationContextFieldValue::String(text.clone()),
            Json::Bool(value) => EvaluationContextFieldValue::Bool(*value),
            Json::Number(number) => match number.as_i64() {
                Some(integer) => EvaluationContextFieldValue::Int(integer),
                None => EvaluationContextFieldValue::Float(number.as_f64().unwrap_or_default()),
            },
            _ => continue,
        };
        context.add_custom_field(name, field);
    }
    context
}

fn seen<T: Into<Json>>(case: &Json, result: Result<EvaluationDetails<T>, EvaluationError>) -> Json {
    match result {
        Ok(details) => json!({
            "name": case["name"],
            "value": details.value.into(),
            "variant": details.variant,
            "reason": details.reason.map(|reason| reason.to_string()),
        }),
        // This SDK leaves the default to who asked.
        Err(error) => json!({
            "name": case["name"],
            "value": case["default"],
            "reason": "ERROR",
            "errorCode": match error.code {
                EvaluationErrorCode::General(_) => "GENERAL".to_owned(),
                code => code.to_string(),
            },
        }),
    }
}

struct Object(StructValue);

impl TryFrom<StructValue> for Object {
    type Error = Infallible;
    fn try_from(value: StructValue) -> Result<Self, Infallible> {
        Ok(Object(value))
    }
}

impl From<Object> for Json {
    fn from(Object(value): Object) -> Json {
        to_json(Value::Struct(value))
    }
}

fn to_json(value: Value) -> Json {
    match value {
        Value::Bool(value) => json!(value),
        Value::Int(value) => json!(value),
        Value::Float(value) => json!(value),
        Value::String(value) => json!(value),
        Value::Array(values) => values.into_iter().map(to_json).collect(),
        Value::Struct(value) => {
            let members = value.fields.into_iter();
            Json::Object(members.map(|(name, value)| (name, to_json(value))).collect::<Map<_, _>>())
        }
    }
}
