//! What a parameter must satisfy, and how AWS words that it does not.

use super::query::Failure;
use crate::wire::form::Form;

/// The text of a parameter that must be there.
pub(super) fn required<'a>(form: &'a Form, name: &str) -> Result<&'a str, Failure> {
    form.get(name).filter(|text| !text.is_empty()).ok_or_else(|| null(name))
}

/// The text of a parameter that need not be there.
pub(super) fn optional<'a>(form: &'a Form, name: &str) -> Option<&'a str> {
    form.get(name).filter(|text| !text.is_empty())
}

/// The texts of a list of 1 to `most`.
pub(super) fn list<'a>(form: &'a Form, name: &str, most: usize) -> Result<Vec<&'a str>, Failure> {
    let texts = form.list(&format!("{name}.member"));
    let value = || format!("'[{}]'", texts.join(", "));
    match texts.len() {
        0 if form.get(name).is_none() => Err(null(name)),
        0 => Err(broken(name, &value(), "have length greater than or equal to 1")),
        many if many > most => {
            Err(broken(name, &value(), &format!("have length less than or equal to {most}")))
        }
        _ => Ok(texts),
    }
}

/// A number of 1 to `most`.
pub(super) fn number(form: &Form, name: &str, most: usize, default: usize) -> Result<usize, Failure> {
    let Some(text) = optional(form, name) else { return Ok(default) };
    let Ok(number) = text.parse::<i32>() else {
        return Err(Failure::new("MalformedInput", format!("Invalid value for {name}: {text}")));
    };
    let value = || format!("'{number}'");
    match usize::try_from(number) {
        Ok(number) if number > most => {
            Err(broken(name, &value(), &format!("have value less than or equal to {most}")))
        }
        Ok(number) if number > 0 => Ok(number),
        _ => Err(broken(name, &value(), "have value greater than or equal to 1")),
    }
}

/// A truth value, or the default.
pub(super) fn flag(form: &Form, name: &str, default: bool) -> bool {
    form.get(name).map_or(default, |text| text.eq_ignore_ascii_case("true"))
}

fn null(name: &str) -> Failure {
    broken(name, "null", "not be null")
}

fn broken(name: &str, value: &str, must: &str) -> Failure {
    // The parameter as the model of the API names it, not as it is sent.
    let name = name.char_indices().map(|(at, char)| if at == 0 { char.to_ascii_lowercase() } else { char });
    let name: String = name.collect();
    let message = format!(
        "1 validation error detected: Value {value} at '{name}' failed to satisfy constraint: Member must {must}"
    );
    Failure::new("ValidationError", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused<T>(result: Result<T, Failure>) -> String {
        let failure = result.err().unwrap();
        assert_eq!(failure.code, "ValidationError");
        let rest = failure.message.strip_prefix("1 validation error detected: Value ").unwrap();
        rest.replace(" failed to satisfy constraint: Member must", ":")
    }

    #[test]
    fn as_aws_words_it() {
        let form = Form::parse("Names.member.1=a&Names.member.2=b&None=&Size=9&Zero=0&Empty=");
        assert_eq!(list(&form, "Names", 2), Ok(vec!["a", "b"]));
        assert_eq!(
            refused(list(&form, "Names", 1)),
            "'[a, b]' at 'names': have length less than or equal to 1"
        );
        assert_eq!(refused(list(&form, "None", 1)), "'[]' at 'none': have length greater than or equal to 1");
        assert_eq!(refused(list(&form, "Absent", 1)), "null at 'absent': not be null");
        assert_eq!(refused(required(&form, "PageArn")), "null at 'pageArn': not be null");
        assert_eq!(number(&form, "Size", 9, 5), Ok(9));
        assert_eq!((number(&form, "Absent", 9, 5), number(&form, "Empty", 9, 5)), (Ok(5), Ok(5)));
        assert_eq!(refused(number(&form, "Size", 8, 5)), "'9' at 'size': have value less than or equal to 8");
        assert_eq!(
            refused(number(&form, "Zero", 8, 5)),
            "'0' at 'zero': have value greater than or equal to 1"
        );
        assert_eq!(number(&form, "Names.member.1", 8, 5).unwrap_err().code, "MalformedInput");
    }
}
