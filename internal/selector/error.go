package selector

import (
	"fmt"
	"unicode/utf8"
)

// SyntaxError says what is wrong with a selector's text, and where.
type SyntaxError struct {
	Text   string // the whole text
	Offset int    // bytes before the place where reading stopped
	Reason string // what is wrong there and what would be right
}

// nearLength bounds how much of the text a message repeats, in characters.
const nearLength = 30

// Error gives the place (the character's number, counted from 1, and the text there) and the reason.
func (e *SyntaxError) Error() string {
	number := utf8.RuneCountInString(e.Text[:e.Offset]) + 1
	near := "near " + quoteStart(e.Text[e.Offset:])
	if e.Offset == len(e.Text) {
		near = "at the end, after " + quoteEnd(e.Text)
	}
	return fmt.Sprintf("parse selector at character %d, %s: %s", number, near, e.Reason)
}

func quoteStart(text string) string {
	runes := []rune(text[:min(len(text), (nearLength+1)*utf8.UTFMax)])
	if len(runes) <= nearLength {
		return fmt.Sprintf("%q", string(runes))
	}
	return fmt.Sprintf("%q…", string(runes[:nearLength]))
}

func quoteEnd(text string) string {
	runes := []rune(text[max(0, len(text)-(nearLength+1)*utf8.UTFMax):])
	if len(runes) <= nearLength {
		return fmt.Sprintf("%q", string(runes))
	}
	return fmt.Sprintf("…%q", string(runes[len(runes)-nearLength:]))
}
