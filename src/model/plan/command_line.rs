//! A line of commands as a shell has it: words, quotes, and pipes between them. No variables, no redirection.

use thiserror::Error;

/// Why a line is none.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LineError {
    #[error("Enter a command, such as {EXAMPLE}.")]
    Empty,
    #[error("There is no command before or after a |.")]
    NothingBesidePipe,
    #[error("A quote ({0}) is opened and not closed.")]
    OpenQuote(char),
    #[error("{0} means nothing here: a line has commands, their arguments, quotes, and | between commands.")]
    NoShell(char),
}

/// What is run at first.
pub const EXAMPLE: &str = "primes 300000 | upper | wc";

/// The commands of a line, each with its arguments.
///
/// # Errors
/// If a shell would take it for something else, or for nothing.
pub fn parse(line: &str) -> Result<Vec<Vec<String>>, LineError> {
    let mut commands: Vec<Vec<String>> = vec![Vec::new()];
    // The word that is being read; quotes make an empty one.
    let mut word: Option<String> = None;
    let mut quote = None;
    for character in line.chars() {
        match (quote, character) {
            (Some(open), _) if character == open => quote = None,
            (Some(_), _) => word.get_or_insert_default().push(character),
            (None, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, '|') => {
                end_word(&mut commands, &mut word);
                commands.push(Vec::new());
            }
            (None, '<' | '>' | '&' | ';' | '$' | '`' | '\\') => return Err(LineError::NoShell(character)),
            (None, _) if character.is_whitespace() => end_word(&mut commands, &mut word),
            (None, _) => word.get_or_insert_default().push(character),
        }
    }
    if let Some(open) = quote {
        return Err(LineError::OpenQuote(open));
    }
    end_word(&mut commands, &mut word);
    match (commands.iter().any(Vec::is_empty), commands.len()) {
        (true, 1) => Err(LineError::Empty),
        (true, _) => Err(LineError::NothingBesidePipe),
        (false, _) => Ok(commands),
    }
}

fn end_word(commands: &mut [Vec<String>], word: &mut Option<String>) {
    if let (Some(word), Some(command)) = (word.take(), commands.last_mut()) {
        command.push(word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_its_commands() {
        let words = |line: &str| parse(line).unwrap();
        assert_eq!(words("primes 30 | upper|wc -l"), [vec!["primes", "30"], vec!["upper"], vec!["wc", "-l"]]);
        assert_eq!(words("a 'b c' \"d | e\" f''g ''"), [vec!["a", "b c", "d | e", "fg", ""]]);
        assert_eq!(words(EXAMPLE).len(), 3);
    }

    #[test]
    fn what_is_no_line_says_so() {
        assert_eq!(parse("  "), Err(LineError::Empty));
        assert_eq!(parse("a | | b"), Err(LineError::NothingBesidePipe));
        assert_eq!(parse("| a"), Err(LineError::NothingBesidePipe));
        assert_eq!(parse("a 'b"), Err(LineError::OpenQuote('\'')));
        assert_eq!(parse("a > b"), Err(LineError::NoShell('>')));
    }
}
