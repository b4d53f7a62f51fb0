package main

// maxManifest is the size of a whole GlobalReport that the starter hands to the workflows (internal/definitions): no text in one
// can be longer, in bytes.
const maxManifest = 48 << 10

// maxNames is how many names a list has at most. Twelve bytes each, with quotes and comma, they fill a manifest.
const maxNames = 4096

// Parts of the selector language, as internal/selector reads it; parentheses apart, which a regular expression cannot count.
const (
	blanks = `[ \t]*`
	quoted = `(?:"[^"]*"|'[^']*')`
	label  = `[A-Za-z0-9_./-]+`
	call   = `(?:all\(` + blanks + `\)|global\(` + blanks + `\)|has\(` + blanks + label + blanks + `\))`
	test   = label + blanks + `(?:(?:==|!=|contains|starts` + blanks + `with|ends` + blanks + `with)` + blanks + quoted +
		`|(?:not` + blanks + `)?in` + blanks + `\{` + blanks + `(?:` + quoted + blanks + `(?:,` + blanks + quoted + blanks + `)*(?:,` + blanks + `)?)?\})`
	operand      = `[!( \t]*(?:` + call + `|` + test + `)[) \t]*`
	selectorText = `^` + blanks + `(?:` + operand + `(?:(?:&&|\|\|)` + operand + `)*)?$`
)

// selectorRules refuse what internal/selector refuses, but for misplaced parentheses of the right number.
func selectorRules() []addition {
	const right = `write tests such as role == 'db', has(role) or role in {'a', 'b'}, joined by && or ||`
	parentheses := `[self.findAll(` + raw(`[()]|"[^"]*"|'[^']*'`) + `)]`
	return []addition{
		atMost(maxManifest),
		ruleSaying(`self.matches(`+raw(selectorText)+`)`,
			`self.matches(`+raw(`[\n\r]`)+`) ? 'this is no selector: a line break is no blank, write it on one line' : `+
				`self.matches(`+raw(`^[^'"]*[^=!'"]=[^='"]`)+`) ? 'this is no selector: a single = is no operator, write ==, and the value in quotes' : `+
				`'this is no selector: `+escaped(right)+`'`,
			`this is no selector: `+right),
		rule(parentheses+`.all(p, p.filter(x, x == '(').size() == p.filter(x, x == ')').size())`,
			"the parentheses of the selector do not match: each ( needs a )"),
	}
}
