package render

import (
	"github.com/probity/probity/internal/interval"
)

// fileTime is how file names print times (calico-compliance.md section 6).
const fileTime = "20060102150405"

// FileName is the name that a person sees for a download: "<type>_<report>_<start>-<end>-<template>", with the times in UTC, for
// example "inventory_daily_20260213000000-20260214000000-endpoints.csv". The removed product named its files so
// (calico-compliance.md section 6).
func FileName(reportType, report string, iv interval.Interval, name string) string {
	return reportType + "_" + report + "_" + iv.Start.UTC().Format(fileTime) + "-" + iv.End.UTC().Format(fileTime) + "-" + name
}
