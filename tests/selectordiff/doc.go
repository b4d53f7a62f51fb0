// Package selectordiff compares Probity's selector language with the public library of Calico, case by case: what is
// accepted, the canonical text, and what matches. It holds tests only.
//
// Three differences are known and wanted:
//
//   - A line break outside quotes is an error here, as in current versions of Calico. The version of the library that can
//     be imported takes one inside has( ), all( ), "not in", "starts with" and the like.
//   - A negated negation across parentheses, !(!a), has the canonical text a here and !!a in the library, which reads its
//     own text back as a. The tests compare with what the library settles on.
//   - Text length and nesting are bounded here.
package selectordiff
