// Package receive takes the flows that the emitter of the open-source Goldmane pushes, and writes them to log files that
// logfile.FlowLog reads. Goldmane itself forgets a flow after about an hour.
//
// What the emitter does (goldmane/pkg/emitter of Calico 3.30 and later): it posts the flows of five minutes as one body of
// NDJSON, one push at a time, and takes nothing but status 200 for success. On anything else it repeats the same bytes up to
// 15 times, pausing 1 s to 30 s, some five and a half minutes in all; then it gives the push up. It does not read Retry-After
// and knows no limit of size. It remembers the latest end time that it sent, and passes over what is older: a push that was
// refused is lost if a later one succeeds before it.
//
// What is promised here:
//   - 200 means that the push is on disk, written and synced. Pushes that arrive together share a sync.
//   - A push is in the log whole or not at all, also when the process is killed. Its bad lines are left out.
//   - A push that comes again within the window, also after a restart, is acknowledged and not stored twice; pushes are told
//     apart by the SHA-256 of their bytes. What comes again with other bytes, as from an emitter that was restarted and did
//     not know what it had sent, is stored again, and its flows count twice.
//   - For each line or push that is dropped a line with [flow.DroppedAction] is written, and the reports about its time are
//     partial. Only refused pushes that were not repeated when this process is killed leave no such line.
//   - Readers see whole files only: a file is hidden while it is written.
package receive
