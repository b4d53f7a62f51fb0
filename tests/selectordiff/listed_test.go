package selectordiff

// listed are selectors by hand: every rule of the language, and the mistakes next to it.
var listed = []string{
	"", " \t ",
	"a == 'b'", "a=='b'", `a == "b'"`, `a == 'b"c'`, "a in {'z','b','b'}", "a in {}", "a in { 'x' , }", "a in {,}",
	"a notin{'x'}", "a not in{'x'}", "a not   in {'x'}", "a startswith 'x'", "a starts with 'x'", "a startswith'x'",
	`a endswith"x"`, "a contains'x'", "! a == 'b'", "!!a == 'b'", "!!!a == 'b'", "! ! a == 'b'", "!(a == 'b')",
	"!(a == 'b' && c == 'd')", "a == 'b' && c == 'd' && has(e)", "a == 'b' || c == 'd' && has(e)",
	"(a == 'b' || c == 'd') && has(e)", "(a == 'b' && c == 'd') && has(e)", "((a == 'b'))", "has(a)", "has( a )", "has (a)",
	"has(a", "all()", "all( )", "all ()", "all", "global()", "global( )", "global ()", "in == 'x'", "all == 'x'", "has == 'x'",
	"in in {'x'}", "not in {'x'}", "not not in {'x'}", "contains contains 'x'", "starts == 'x'", "starts starts with 'x'",
	"!= != 'x'", "a = 'b'", "a & b", "a == b", "has(a) has(b)", "all() all()", "!all()", "!global()", "()", "( )",
	"a IN {'x'}", "a == 'b'\n", "\na == 'b'", "a ==\n'b'", "has(\na)", "has(a\n)", "all(\n)", "a not\nin {'x'}",
	"a starts\nwith 'x'", "a == 'b\nc'", "a == 'b'\r", "a\v== 'b'", "a == ''", "a in {''}", "a contains ''",
	`a in {"b", 'c"d'}`, "a in {'b' 'c'}", "a in {'b',,'c'}", "a in ['b']", "-a == 'b'", "a/b.c_d-e == 'b'", "a, == 'x'",
	"0 == 'b'", "a not in {}", "a === 'b'", "a !== 'b'", "a ! = 'b'", "a ! 'b'", "a == 'b' &&& c == 'd'",
	"a == 'b' & & c == 'd'", "a == 'b' &&", "&& a == 'b'", "a == 'é'", "é == 'x'", "a == '\xff'", "has(all)", "has(has(a))",
	"has()", "has(in)", "hasx(a)", "xhas(a)", "global == 'x'", "a containsin 'x'", "anotin {'x'}", "a notin {'x'}",
	"a not 'x'", "a starts 'x'", "a startswith with 'x'", "a ends  \twith 'x'", "a==",
}
