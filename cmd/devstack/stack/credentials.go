package stack

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// accessKey is the gateway's only account.
const accessKey = "probity"

// credentials reads the secret key from a file in the form that AWS tools read, and makes it at the first start. Only the
// owner may read it.
func credentials(path string) (secret string, err error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		secret = rand.Text()
		text := fmt.Sprintf("[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n", accessKey, secret)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return "", fmt.Errorf("keep credentials: %w", err)
		}
		return secret, nil
	}
	if err != nil {
		return "", fmt.Errorf("read credentials: %w", err)
	}
	lines := bufio.NewScanner(bytes.NewReader(raw))
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), "=")
		if strings.TrimSpace(name) == "aws_secret_access_key" {
			secret = strings.TrimSpace(value)
		}
	}
	if secret == "" {
		return "", fmt.Errorf("read credentials: %s has no aws_secret_access_key: remove the file to get a new one", path)
	}
	return secret, nil
}
