// Package arch holds the rules of the house that a machine can check: which package may import which, what is documented,
// how long things may be, how errors read, what tests may not do. Its test applies them to every Go file of the repository,
// nested modules included; another test proves each rule on a small source that breaks it.
package arch
