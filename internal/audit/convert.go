package audit

import (
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apiserver/pkg/apis/audit"
	auditv1 "k8s.io/apiserver/pkg/apis/audit/v1"
)

// Convert reads a kept event into the type that v3.ReportData carries. That type has no JSON names of its own, so that
// templates print its Go names, as they always did; kind and apiVersion are kept beside them (calico-compliance.md section 3).
func Convert(raw []byte) (audit.Event, error) {
	var in auditv1.Event
	if err := json.Unmarshal(raw, &in); err != nil {
		return audit.Event{}, fmt.Errorf("decode audit event: %w", err)
	}
	var out audit.Event
	if err := auditv1.Convert_v1_Event_To_audit_Event(&in, &out, nil); err != nil {
		return audit.Event{}, fmt.Errorf("convert audit event %s: %w", in.AuditID, err)
	}
	out.TypeMeta = in.TypeMeta
	if out.Kind == "" {
		out.TypeMeta = metav1.TypeMeta{Kind: "Event", APIVersion: auditv1.SchemeGroupVersion.String()}
	}
	return out, nil
}
