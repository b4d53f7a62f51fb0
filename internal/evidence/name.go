package evidence

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
)

// Longest names that are accepted. A report's name is a Kubernetes object name; clusters and prefixes are ours to bound, so
// that a whole key stays below the 1,024 bytes that S3 allows.
const (
	maxReportName  = 253
	maxClusterName = 100
	maxPrefix      = 200
)

// maxSegment is the longest part of a key between two slashes: a file name on the disks behind many S3 servers has at most 255 bytes.
const maxSegment = 240

var (
	reportName  = regexp.MustCompile(`^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$`)
	clusterName = regexp.MustCompile(`^[A-Za-z0-9][-A-Za-z0-9._]*$`)
)

// ValidateReport tells whether a report's name can be a folder of the archive: a Kubernetes object name (RFC 1123 subdomain).
func ValidateReport(name string) error {
	if len(name) > maxReportName || !reportName.MatchString(name) {
		return fmt.Errorf("report name %q is not usable: use 1 to %d lower-case letters, digits, '-' and '.', with a letter or digit first and last",
			shown(name), maxReportName)
	}
	return nil
}

// ValidateCluster tells whether a cluster's name can be a folder of the archive.
func ValidateCluster(name string) error {
	if len(name) > maxClusterName || !clusterName.MatchString(name) {
		return fmt.Errorf("cluster name %q is not usable: use 1 to %d letters, digits, '-', '_' and '.', with a letter or digit first",
			shown(name), maxClusterName)
	}
	return nil
}

// validatePrefix tells whether every part of a key prefix is fit for a key; an empty prefix is fine.
func validatePrefix(prefix string) error {
	if len(prefix) > maxPrefix {
		return fmt.Errorf("key prefix of %d bytes is too long: use at most %d", len(prefix), maxPrefix)
	}
	if prefix == "" {
		return nil
	}
	for part := range strings.SplitSeq(prefix, "/") {
		if !clusterName.MatchString(part) {
			return fmt.Errorf("key prefix %q is not usable: each part between slashes needs letters, digits, '-', '_' and '.', with a letter or digit first",
				shown(prefix))
		}
	}
	return nil
}

// shown bounds a bad value for an error message.
func shown(s string) string {
	const most = 80
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}

// segment turns any text into one safe part of a key. Valid report names and run ids stay as they are; "/" becomes "_" and every
// other unusual byte "~" and its two hex digits, so different texts never share a segment. A text that is too long keeps its
// first part and ends in its digest.
func segment(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '.' && i > 0:
			b.WriteByte(c)
		case c == '/':
			b.WriteByte('_')
		default:
			fmt.Fprintf(&b, "~%02X", c)
		}
	}
	safe := b.String()
	if safe == "" {
		return "~"
	}
	if len(safe) <= maxSegment {
		return safe
	}
	sum := sha256.Sum256([]byte(text))
	return safe[:maxSegment-65] + "~" + hex.EncodeToString(sum[:])
}
