// Package activities holds the steps of the workflows: one file for each activity, with its parameters, its result and its
// Execute. Nothing large passes between them: a step writes to the bucket's staging area and returns a Ref.
//
// What the steps need from outside is declared in ports.go. Ports return ordinary wrapped errors; failure.go alone turns
// them into Temporal errors and decides what is worth another attempt.
package activities
