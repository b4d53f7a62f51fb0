package evidence

import "path"

// mediaTypes are those of the files that Probity writes. The system's own table is not asked: it differs between machines.
var mediaTypes = map[string]string{
	".json":   "application/json",
	".ndjson": "application/x-ndjson",
	".csv":    "text/csv; charset=utf-8",
	".txt":    "text/plain; charset=utf-8",
	".md":     "text/markdown; charset=utf-8",
	".html":   "text/html; charset=utf-8",
	".yaml":   "application/yaml",
	".xml":    "application/xml",
	".pdf":    "application/pdf",
	".zip":    "application/zip",
	".zst":    "application/zstd",
	".gz":     "application/gzip",
}

// MediaType is the media type of an object by its key's ending, "application/octet-stream" when the ending is not known.
func MediaType(key string) string {
	if t, ok := mediaTypes[path.Ext(key)]; ok {
		return t
	}
	return "application/octet-stream"
}
