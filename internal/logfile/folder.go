package logfile

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// documentEndings are the names by which a file is taken for one that holds objects. What is in it is told by its bytes.
var documentEndings = []string{".yaml", ".yml", ".json", ".ndjson", ".jsonl"}

// folder is a directory tree of files with objects.
type folder struct {
	dir   string
	files []string // relative to dir, with slashes, sorted
	other []string // files of other names, which are not read; sorted
}

// openFolder lists the tree below dir. Names that begin with a dot are passed over: that leaves out version control, and the
// doubles that a mounted ConfigMap keeps in "..data", whose files are reached by the links beside it. A link to a folder is
// not followed.
func openFolder(dir string) (*folder, error) {
	f := &folder{dir: dir}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		hidden := path != dir && strings.HasPrefix(entry.Name(), ".")
		if entry.IsDir() {
			if hidden {
				return fs.SkipDir
			}
			return nil
		}
		if hidden {
			return nil
		}
		return f.add(path)
	})
	if err != nil {
		return nil, fmt.Errorf("list folder %s: %w", dir, err)
	}
	slices.Sort(f.files)
	slices.Sort(f.other)
	return f, nil
}

func (f *folder) add(path string) error {
	info, err := os.Stat(path) // the target of a link
	if err != nil {
		return err
	}
	if info.IsDir() {
		return nil
	}
	name, err := filepath.Rel(f.dir, path)
	if err != nil {
		return err
	}
	name = filepath.ToSlash(name)
	if info.Mode().IsRegular() && holdsDocuments(name) {
		f.files = append(f.files, name)
	} else {
		f.other = append(f.other, name)
	}
	return nil
}

func (f *folder) path(name string) string { return filepath.Join(f.dir, filepath.FromSlash(name)) }

func holdsDocuments(name string) bool {
	name = strings.ToLower(name)
	for _, packed := range []string{".gz", ".zst"} {
		name = strings.TrimSuffix(name, packed)
	}
	return slices.ContainsFunc(documentEndings, func(end string) bool { return strings.HasSuffix(name, end) })
}
