package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"sigs.k8s.io/yaml"
)

// table is what --output table prints: a heading and rows.
type table struct {
	heading []string
	rows    [][]string
}

// print writes value in the chosen form; a table is made by asTable only where it is wanted.
func (a *app) print(value any, asTable func() table) error {
	switch a.output {
	case "json":
		encoder := json.NewEncoder(a.out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(value)
	case "yaml":
		data, err := yaml.Marshal(value)
		if err != nil {
			return fmt.Errorf("encode output: %w", err)
		}
		_, err = a.out.Write(data)
		return err
	}
	t := asTable()
	w := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
	if len(t.heading) > 0 {
		fmt.Fprintln(w, strings.Join(t.heading, "\t"))
	}
	for _, row := range t.rows {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	return w.Flush()
}

// minute prints a time as tables do: UTC, to the minute, seconds only where there are some.
func minute(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	t = t.UTC()
	if t.Second() == 0 {
		return t.Format("2006-01-02 15:04Z")
	}
	return t.Format("2006-01-02 15:04:05Z")
}
