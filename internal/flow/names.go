package flow

import "slices"

// FieldNames are the members of a flow log's lines that are read, of either form, sorted. Nothing else of a line matters.
func FieldNames() []string { return slices.Sorted(slices.Values(fieldNames[:])) }
