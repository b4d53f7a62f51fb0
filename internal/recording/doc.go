// Package recording is the form in which a recorder archives the changes of a cluster: segments of what the API server's
// watches told, with a statement of what each segment covers.
//
// # Segments
//
// A segment is newline-delimited JSON. Its first line is a [Header], its last a [Footer]; without its last line it is not whole.
// Between them stand [Record] lines. A segment is written once and never changed, and names its schema.
//
// A segment covers, for each kind that its footer lists, every change with a resourceVersion after From and up to To. Where one
// segment's To is the next one's From, nothing is missing between them. A recorder that was away continues where the archive ends when
// the API server still has the changes since; otherwise it lists the kind anew: the footer names the gap, each object of the list is
// a [Found] record, and a [Listed] record closes the list, so that what is not in it is known to be gone. From there on the state
// is exact again.
//
// # Times
//
// A change bears the time at which the recorder received it, by its own clock, in UTC and microseconds, and never earlier than the
// change of the kind before it. A watch tells a change some milliseconds after it was made. A change that a recorder receives
// late, because it was away, bears the time that the object itself tells (creation, managed fields), which is cut to the second,
// within the span in which it must have happened; Received tells when it came. No watch tells who made a change: all there is, is
// the field manager that wrote last, which the client chooses.
//
// The package is pure: no clock, no network, no files.
package recording
