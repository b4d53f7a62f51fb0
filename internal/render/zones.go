package render

import (
	"archive/zip"
	"bytes"
	_ "embed"
	"io"
	"sync"
	"time"
)

// zoneArchive is the time zone database of the Go release that the repository builds with (lib/time/zoneinfo.zip of its
// distribution; the data is in the public domain). time.LoadLocation would look at the machine's own first, and the same
// report would print other hours elsewhere.
//
//go:embed zoneinfo.zip
var zoneArchive []byte

// zoneFiles finds the zones of the archive by name. An archive that cannot be read has none; a test sees to it that it can.
var zoneFiles = sync.OnceValue(func() map[string]*zip.File {
	files := map[string]*zip.File{}
	archive, err := zip.NewReader(bytes.NewReader(zoneArchive), int64(len(zoneArchive)))
	if err != nil {
		return files
	}
	for _, f := range archive.File {
		files[f.Name] = f
	}
	return files
})

// zone returns a time zone by its IANA name. As in sprig, a zone that is not known is UTC, and so is the machine's own.
func zone(name string) *time.Location {
	file, ok := zoneFiles()[name]
	if !ok {
		return time.UTC
	}
	body, err := file.Open()
	if err != nil {
		return time.UTC
	}
	defer body.Close()
	raw, err := io.ReadAll(body)
	if err != nil {
		return time.UTC
	}
	location, err := time.LoadLocationFromTZData(name, raw)
	if err != nil {
		return time.UTC
	}
	return location
}
