package definitions

import (
	"context"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

	"github.com/probity/probity/internal/logfile"
	"github.com/probity/probity/internal/report"
)

// Source is where definitions come from: a Folder or a Server.
type Source interface {
	// Load reads and validates everything; it fails only where the source cannot be read.
	Load(ctx context.Context) (*Set, error)
	// Types gives the report types alone. It fails too where the wanted one is there and cannot be used.
	Types(ctx context.Context, wanted string) (map[string]*v3.GlobalReportType, error)
}

// Folder reads definitions from a folder on disk; an empty Dir defines no reports.
type Folder struct {
	Dir    string
	Limits report.Limits
}

// Load reads and validates everything. It fails only where the folder cannot be read: a definition that cannot be used is in
// Invalid or BrokenTypes, and a file that cannot be read to its end in Faults.
func (f *Folder) Load(ctx context.Context) (*Set, error) {
	if f.Dir == "" {
		return Collect(nil, nil, f.Limits)
	}
	read, err := logfile.ReadDefinitions(ctx, f.Dir)
	if err != nil {
		return nil, err
	}
	set, err := Collect(found(read.Types), found(read.Reports), f.Limits)
	if err != nil {
		return nil, err
	}
	set.Faults, set.Notes = read.Faults, read.Notes
	return set, nil
}

func found[O any](read []logfile.Definition[O]) []Found[O] {
	out := make([]Found[O], len(read))
	for i := range read {
		out[i] = Found[O]{Name: read[i].Name, Place: read[i].Place, Raw: read[i].Raw, Object: read[i].Object, Err: read[i].Err}
	}
	return out
}

// Types gives the report types alone.
func (f *Folder) Types(ctx context.Context, wanted string) (map[string]*v3.GlobalReportType, error) {
	set, err := f.Load(ctx)
	if err != nil {
		return nil, err
	}
	return set.typesFor(wanted)
}
