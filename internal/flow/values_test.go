package flow

import (
	"fmt"
	"math"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestIntegersReadAsTheStandardLibraryReadsThem(t *testing.T) {
	compare := func(t require.TestingT, text string) {
		want, err := strconv.ParseInt(text, 10, 64)
		for _, room := range []string{"", ",", `,"next":12345678`} {
			b := []byte(text + room)
			got, ok := integer(b[:len(text)])
			require.Equal(t, err == nil && text[0] != '+', ok, "%q", text)
			if ok {
				require.Equal(t, want, got, "%q", text)
			}
		}
	}
	for digits := 1; digits < 20; digits++ {
		for _, text := range []string{
			fmt.Sprintf("%0*d", digits, 1), fmt.Sprintf("%.*s", digits, "9999999999999999999"), fmt.Sprintf("-%.*s", digits, "1234567890123456789"),
		} {
			t.Run(text, func(t *testing.T) { compare(t, text) })
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(
			rapid.Map(rapid.Int64(), func(n int64) string { return strconv.FormatInt(n, 10) }),
			rapid.StringMatching(`[0-9]{1,20}`), rapid.StringMatching(`[-+0-9./:;e\x80é ]{1,18}`)).Draw(t, "text")
		compare(t, text)
	})
	compare(t, strconv.Itoa(math.MinInt64))
	_, ok := integer(nil)
	require.False(t, ok)
}
