package main

import (
	"context"

	"github.com/probity/probity/internal/catalogue"
	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/sample"
)

// checkDemo looks into the archived file whether it says what the story says it must.
func (a *app) checkDemo(ctx context.Context, c *catalogue.Catalogue, check sample.Check) error {
	bundle, err := (&which{}).find(ctx, c, check.Report)
	if err != nil {
		return err
	}
	content, err := c.Read(ctx, bundle, evidence.DownloadsName+check.File)
	if err != nil {
		return err
	}
	return check.Verify(content)
}
