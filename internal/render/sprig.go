package render

import "strings"

// Reasons for which functions of sprig are refused.
const (
	readsEnvironment = "reads the environment of the process"
	readsNetwork     = "asks the network"
	readsClock       = "reads the clock, so a report would not render the same again"
	drawsRandom      = "draws random numbers, so a report would not render the same again"
	handlesKeys      = "makes or uses keys and passwords, which have no place in a report"
)

// refused lists the functions of sprig's generic map that templates cannot call, each with the reason that its user is told.
var refused = map[string]string{
	"env": readsEnvironment, "expandenv": readsEnvironment,
	"getHostByName": readsNetwork,
	"now":           readsClock, "ago": readsClock,
	"randAlpha": drawsRandom, "randAlphaNum": drawsRandom, "randAscii": drawsRandom, "randNumeric": drawsRandom, "randBytes": drawsRandom,
	"randInt": drawsRandom, "shuffle": drawsRandom, "uuidv4": drawsRandom,
	"bcrypt": handlesKeys, "htpasswd": handlesKeys, "derivePassword": handlesKeys, "encryptAES": handlesKeys, "decryptAES": handlesKeys,
	"genPrivateKey": handlesKeys, "genCA": handlesKeys, "genCAWithKey": handlesKeys, "genSelfSignedCert": handlesKeys,
	"genSelfSignedCertWithKey": handlesKeys, "genSignedCert": handlesKeys, "genSignedCertWithKey": handlesKeys, "buildCustomCert": handlesKeys,
}

// replaced lists the functions of sprig that this package has its own form of: the time zone of the machine, the present as
// a default, and the order of a map must not show.
var replaced = strings.Fields(`
	date dateInZone date_in_zone htmlDate htmlDateInZone toDate mustToDate durationRound
	keys values`)

// allowed lists the functions of sprig that templates can call as they are. A function that a later sprig adds is in none of
// the lists, and a test fails until somebody has decided.
var allowed = strings.Fields(`
	hello
	date_modify dateModify must_date_modify mustDateModify duration unixEpoch
	abbrev abbrevboth trunc trim upper lower title untitle substr repeat trimall trimAll trimSuffix trimPrefix nospace initials
	swapcase snakecase camelcase kebabcase wrap wrapWith contains hasPrefix hasSuffix quote squote cat indent nindent replace plural
	sha1sum sha256sum sha512sum adler32sum toString
	atoi int64 int float64 seq toDecimal split splitList splitn toStrings until untilStep
	add1 add sub div mod mul add1f addf subf divf mulf biggest max min maxf minf ceil floor round
	join sortAlpha
	default empty coalesce all any compact mustCompact fromJson toJson toPrettyJson toRawJson mustFromJson mustToJson
	mustToPrettyJson mustToRawJson ternary deepCopy mustDeepCopy
	typeOf typeIs typeIsLike kindOf kindIs deepEqual
	base dir clean ext isAbs osBase osClean osDir osExt osIsAbs
	b64enc b64dec b32enc b32dec
	tuple list dict get set unset hasKey pluck pick omit merge mergeOverwrite mustMerge mustMergeOverwrite
	append push mustAppend mustPush prepend mustPrepend first mustFirst rest mustRest last mustLast initial mustInitial
	reverse mustReverse uniq mustUniq without mustWithout has mustHas slice mustSlice concat dig chunk mustChunk
	semver semverCompare fail
	regexMatch mustRegexMatch regexFindAll mustRegexFindAll regexFind mustRegexFind regexReplaceAll mustRegexReplaceAll
	regexReplaceAllLiteral mustRegexReplaceAllLiteral regexSplit mustRegexSplit regexQuoteMeta
	urlParse urlJoin`)
