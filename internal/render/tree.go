package render

import (
	"fmt"
	"strings"
	"text/template"
	"text/template/parse"
)

// Names of the functions that parsing adds to a template; no template can call them, since a name that begins with two
// underscores is refused.
const (
	stepName = "__step" // counts a turn of a loop or a call of a template
	showName = "__show" // looks at a value before it is printed
	textName = "__text" // tells the writer that the template's own text follows
)

const hiddenPrefix = "__"

// kinds of what an action prints, as showName is told.
const (
	showResult  = iota // of a function: may hold several cells
	showData           // a plain field
	showEscaped        // a value in which the template doubled the quotes itself
)

// trust says how a template is watched.
type trust int

const (
	watched trust = iota
	// cellOfRow is the template of a csv column: the builder counts each call of it.
	cellOfRow
	// cellOfStruct is one that is only executed with structs of the report's data, so that its plain fields need no look.
	cellOfStruct
)

// parseTemplate parses a template and prepares it to be counted and watched.
func parseTemplate(name, text string, funcs template.FuncMap, level trust) (tmpl *template.Template, err error) {
	defer recoverInto(&err, name)
	tmpl, err = template.New(name).Funcs(funcs).Parse(text)
	if err != nil {
		return nil, templateError(name, err)
	}
	for _, t := range tmpl.Templates() {
		if t.Tree == nil || t.Tree.Root == nil {
			continue
		}
		p := preparer{text: text, name: name, isRow: level == cellOfStruct && t == tmpl}
		p.list(t.Tree.Root)
		if p.err != nil {
			return nil, p.err
		}
		if level == watched || t != tmpl {
			p.prepend(t.Tree.Root, stepName, 1)
		}
	}
	return tmpl, nil
}

// preparer adds calls of the hidden functions to a parsed template: text/template has no hook that bounds a loop.
type preparer struct {
	text, name string
	isRow      bool // the dot is a struct of the report's data here
	err        error
}

// call parses a call of a hidden function; the node carries its own tree, so that errors can print it.
func call(name string, arg int) *parse.ActionNode {
	text := fmt.Sprintf("{{%s %d}}", name, arg)
	trees, err := parse.Parse(name, text, "", "", map[string]any{name: true})
	if err != nil {
		panic(err)
	}
	return trees[name].Root.Nodes[0].(*parse.ActionNode)
}

func (p *preparer) prepend(list *parse.ListNode, name string, arg int) {
	list.Nodes = append([]parse.Node{call(name, arg)}, list.Nodes...)
}

func (p *preparer) line(n parse.Node) int {
	pos := min(int(n.Position()), len(p.text))
	return 1 + strings.Count(p.text[:pos], "\n")
}

func (p *preparer) list(list *parse.ListNode) {
	if list == nil {
		return
	}
	nodes := make([]parse.Node, 0, len(list.Nodes))
	for _, n := range list.Nodes {
		nodes = append(nodes, n)
		switch n := n.(type) {
		case *parse.ActionNode:
			p.pipe(n.Pipe)
			if len(n.Pipe.Decl) == 0 && !(p.isRow && isField(n.Pipe)) {
				p.show(n.Pipe)
				nodes = append(nodes, call(textName, 0))
			}
		case *parse.IfNode:
			p.branch(&n.BranchNode, p.isRow)
		case *parse.WithNode:
			p.branch(&n.BranchNode, false)
		case *parse.RangeNode:
			p.branch(&n.BranchNode, false)
			p.prepend(n.List, stepName, p.line(n))
		case *parse.TemplateNode:
			p.pipe(n.Pipe)
		}
	}
	list.Nodes = nodes
}

// branch prepares both ways; isRow tells whether the dot stays the row in the first one.
func (p *preparer) branch(b *parse.BranchNode, isRow bool) {
	p.pipe(b.Pipe)
	outside := p.isRow
	p.isRow = isRow
	p.list(b.List)
	p.isRow = outside
	p.list(b.ElseList)
}

// show pipes what an action prints through showName.
func (p *preparer) show(pipe *parse.PipeNode) {
	kind := showResult
	switch {
	case isData(pipe):
		kind = showData
	case escapesQuotes(pipe):
		kind = showEscaped
	}
	pipe.Cmds = append(pipe.Cmds, call(showName, kind).Pipe.Cmds...)
}

// isData tells whether the pipe is a plain field, or the dot.
func isData(pipe *parse.PipeNode) bool {
	if len(pipe.Cmds) != 1 || len(pipe.Cmds[0].Args) != 1 {
		return false
	}
	switch arg := pipe.Cmds[0].Args[0].(type) {
	case *parse.FieldNode, *parse.DotNode, *parse.ChainNode:
		return true
	case *parse.VariableNode:
		return len(arg.Ident) > 1
	}
	return false
}

// isField tells whether the pipe is a plain field of the dot.
func isField(pipe *parse.PipeNode) bool {
	if len(pipe.Cmds) != 1 || len(pipe.Cmds[0].Args) != 1 {
		return false
	}
	_, ok := pipe.Cmds[0].Args[0].(*parse.FieldNode)
	return ok
}

// escapesQuotes tells whether the pipe calls replace "\"" "\"\"": the way to write valid CSV before it was made so.
func escapesQuotes(pipe *parse.PipeNode) bool {
	for _, cmd := range pipe.Cmds {
		if len(cmd.Args) < 3 || cmd.Args[0].String() != "replace" {
			continue
		}
		from, ok1 := cmd.Args[1].(*parse.StringNode)
		to, ok2 := cmd.Args[2].(*parse.StringNode)
		if ok1 && ok2 && from.Text == `"` && to.Text == `""` {
			return true
		}
	}
	return false
}

// pipe looks for what a template must not call.
func (p *preparer) pipe(pipe *parse.PipeNode) {
	if pipe == nil {
		return
	}
	for _, cmd := range pipe.Cmds {
		for _, arg := range cmd.Args {
			p.argument(arg)
		}
	}
}

func (p *preparer) argument(arg parse.Node) {
	switch arg := arg.(type) {
	case *parse.PipeNode:
		p.pipe(arg)
	case *parse.FieldNode:
		p.fields(arg, arg.Ident)
	case *parse.VariableNode:
		p.fields(arg, arg.Ident[1:])
	case *parse.ChainNode:
		p.argument(arg.Node)
		p.fields(arg, arg.Field)
	case *parse.IdentifierNode:
		if strings.HasPrefix(arg.Ident, hiddenPrefix) {
			p.refuse(arg, fmt.Sprintf("function %q is not known", arg.Ident))
		}
	}
}

func (p *preparer) fields(n parse.Node, idents []string) {
	for _, ident := range idents {
		if why := refusedMethod(ident); why != "" {
			p.refuse(n, fmt.Sprintf("method %q is not available: it %s", ident, why))
		}
	}
}

func (p *preparer) refuse(n parse.Node, reason string) {
	if p.err == nil {
		p.err = &TemplateError{Template: p.name, Line: p.line(n), At: n.String(), Reason: reason}
	}
}

// refusedMethod tells why a method of the data must not be called, "" when it may. The data's types come from the Kubernetes
// libraries; their generated methods can write into the data, copy all of it, or read the machine's time zone.
func refusedMethod(name string) string {
	switch {
	case name == "Local":
		return "reads the machine's time zone"
	case strings.HasPrefix(name, "DeepCopy"):
		return "copies the data"
	case strings.HasPrefix(name, "Unmarshal"), strings.Contains(name, "MarshalTo"), strings.HasPrefix(name, "XXX_"),
		name == "GobDecode", name == "Reset":
		return "writes into the data"
	}
	return ""
}
