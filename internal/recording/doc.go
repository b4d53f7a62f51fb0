// Package recording is the form in which a recorder archives the changes of a cluster: segments of what the API server's
// watches told, with a statement of what each segment covers.
//
// # Segments
//
// A segment is newline-delimited JSON. Its first line is Opened, its last Closed; without its last line it is not whole. Between
// them stand changes and statements about kinds, in the order in which the recorder learned them. A segment is written once and
// never changed, and names its schema.
//
// A segment covers, for each span in its last line, every change of the kind with a resourceVersion after FromVersion and up to
// ToVersion. Where one segment's span ends and the next one's begins at the same time, nothing is missing between them. A recorder
// that was away continues where the archive ends if the API server still has the changes since. Otherwise it lists the kind anew:
// each object of the list is a Found line, and a Listed line closes the list, so that what is not in it is known to be gone. From
// there on the state is exact again, and the span before it is a gap.
//
// What a segment covers follows from its lines alone (Tracker). So one that was cut off, as by a kill, can be closed later by
// whoever finds it.
//
// # Times
//
// A change bears the time at which the recorder received it, by its own clock, in UTC and microseconds, and never earlier than
// the change of the kind before it. A watch tells a change some milliseconds after it was made. A change that a recorder
// received late, because it was away, bears the time that the object itself tells (creation, deletion, managed fields), which is
// cut to the second, within the span in which it must have happened; Received tells when it came. No watch tells who made a
// change: all there is, is the field manager that wrote last, which the client chooses.
//
// The package is pure: no clock, no network, no files.
package recording
