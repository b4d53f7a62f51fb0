// Package receive takes the flows that the emitter of the open-source Goldmane pushes, and writes them to log files that
// logfile.FlowLog reads, or to OpenSearch. Goldmane itself forgets a flow after about an hour.
//
// What the emitter does (goldmane/pkg/emitter of Calico 3.30 and later): it posts the flows of five minutes as one body of
// NDJSON, one push at a time, and takes nothing but status 200 for success. On anything else it repeats the same bytes up to
// 15 times, pausing 1 s to 30 s, some five and a half minutes in all; then it gives the push up. It does not read Retry-After
// and knows no limit of size. It remembers the latest end time that it sent, and passes over what is older: a push that was
// refused is lost if a later one succeeds before it.
//
// What is promised here:
//   - 200 means that the push is stored: in files, written and synced, where pushes that arrive together share a sync; in
//     OpenSearch, acknowledged by the server.
//   - In files a push is there whole or not at all, also when the process is killed, and readers see whole files only: one is
//     hidden while it is written. In OpenSearch a part can be seen until the rest follows. Bad lines are left out.
//   - A push that comes again is acknowledged and not stored twice. For files pushes are told apart by the SHA-256 of their
//     bytes, within a window that outlives the process; for OpenSearch lines are, and for ever. What comes again with other
//     bytes, as from an emitter that was restarted and did not know what it had sent, is stored again: its flows count twice.
//   - For each line or push that is dropped a line with [flow.DroppedAction] is written, and the reports about its time are
//     partial. Only a refused push that did not come again leaves none when this process ends before it is given up, or when
//     it was refused unread because too many came at one time.
package receive
