//go:build e2e

package e2e

import (
	"maps"
	"slices"
	"strings"
)

// onWebsocket makes an exchange of frames on a websocket session: text, binary behind "bin:", or an attachment behind
// "att:"; "hear:" waits for an answer, and "alive:" until all before it has been seen to. The last step shows whether the
// session lives.
func onWebsocket(ground ground, last step, rows map[string][]string) []exchange {
	return afterwards(open, ground, last, rows)
}

// afterwards is the same with another beginning.
func afterwards(first step, ground ground, last step, rows map[string][]string) []exchange {
	var all []exchange
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		steps := []step{first}
		for _, text := range rows[name] {
			switch kind, data, _ := strings.Cut(text, ":"); kind {
			case "bin":
				steps = append(steps, bin("w", data))
			case "att":
				steps = append(steps, attach("w", data))
			case "hear":
				steps = append(steps, hear("w", 1))
			case "alive":
				steps = append(steps, alive("w"))
			default:
				steps = append(steps, say("w", text))
			}
		}
		all = append(all, exchange{name, append(steps, last), ground})
	}
	return all
}

// textPackets are Engine.IO's and Socket.IO's, in every type and spoilt in every way.
var textPackets = map[string][]string{
	"open":                         {"0"},
	"open with data":               {`0{"sid":"x"}`},
	"ping with data":               {"2abc"},
	"ping of a probe":              {"2probe"},
	"pong":                         {"3"},
	"pong of a probe":              {"3probe"},
	"upgrade":                      {"5"},
	"upgrade with data":            {"5x"},
	"noop":                         {"6"},
	"noop with data":               {"6x"},
	"close":                        {"1"},
	"close with data":              {"1x"},
	"close, and more":              {"1", `40/x`},
	"type 7":                       {"7"},
	"type 9":                       {"9"},
	"type a letter":                {"x"},
	"type a blank":                 {" 2"},
	"type full-width":              {"２"},
	"empty":                        {""},
	"base64 ping":                  {"b2"},
	"base64 ping with data":        {"b2cHJvYmU="},
	"base64 stray message":         {"b4AQID"},
	"base64 without type":          {"b"},
	"base64 type 9":                {"b9AQID"},
	"base64 close":                 {"b1"},
	"base64 noop":                  {"b6"},
	"binary ping":                  {"bin:\x02"},
	"binary ping with data":        {"bin:\x02probe"},
	"binary close":                 {"bin:\x01"},
	"binary noop":                  {"bin:\x06"},
	"binary pong":                  {"bin:\x03"},
	"binary open":                  {"bin:\x00"},
	"binary empty":                 {"bin:"},
	"binary type 9":                {"bin:\x09abc"},
	"binary type a digit":          {"bin:2"},
	"binary stray message":         {"att:abc"},
	"binary stray message, empty":  {"att:"},
	"message empty":                {"4"},
	"message type 7":               {"47"},
	"message type 8":               {"48"},
	"message type 9 with data":     {`49["chat","x"]`},
	"message type a letter":        {"4x"},
	"message type a blank":         {"4 "},
	"message type minus":           {"4-1"},
	"connect":                      {"40"},
	"connect to /":                 {"40/"},
	"connect to / with comma":      {"40/,"},
	"connect to / with query":      {"40/?a=b"},
	"connect with an id":           {"405"},
	"connect with data":            {`40{"token":"x"}`},
	"connect with an array":        {`40["x"]`},
	"connect twice":                {"40", "40"},
	"disconnect":                   {"41"},
	"disconnect twice":             {"41", "41"},
	"disconnect, then connect":     {"41", "40"},
	"disconnect, then connect /":   {"41", "40/"},
	"disconnect from elsewhere":    {"41/x"},
	"disconnect with data":         {`41["x"]`},
	"disconnect, then binary":      {"41", `451-["x",{"_placeholder":true,"num":0}]`, "att:abc"},
	"event without data":           {"42"},
	"event null":                   {"42null"},
	"event a string":               {`42"chat"`},
	"event a number":               {"421"},
	"event an object":              {"42{}"},
	"event false":                  {"42false"},
	"event an empty array":         {"42[]"},
	"event of a number":            {`42[5]`},
	"event of null":                {`42[null]`},
	"event of an object":           {`42[{}]`},
	"event of an array":            {`42[["nobody"]]`},
	"event of a bool":              {`42[true]`},
	"event bad JSON":               {`42["chat"`},
	"event bad JSON 2":             {`42["chat",]`},
	"event bad JSON 3":             {`42['chat']`},
	"event JSON with more behind":  {`42["nobody"]x`},
	"event JSON with blanks":       {`42 ["nobody"]`},
	"event JSON with NaN":          {`42["nobody",NaN]`},
	"event JSON with a tab":        {"42[\"nobody\tx\"]"},
	"event deep":                   {`42["nobody",` + strings.Repeat("[", 2000) + strings.Repeat("]", 2000) + `]`},
	"event unknown":                {`42["nobody","x"]`},
	"event unknown with ack":       {`427["nobody","x"]`},
	"event with a huge id":         {`4299999999999999999999["nobody"]`},
	"event with id zero":           {`420["nobody"]`},
	"event with a negative id":     {`42-1["nobody"]`},
	"event with a fraction id":     {`421.5["nobody"]`},
	"event with a blank in its id": {`421 2["nobody"]`},
	"event elsewhere":              {`42/x,["chat","x"]`},
	"event elsewhere without data": {`42/x`},
	"event elsewhere, no comma":    {`42/["chat","x"]`},
	"event with a query":           {`42/?a=b,["nobody"]`},
	"event disconnect":             {`42["disconnect"]`},
	"event disconnecting":          {`42["disconnecting","x"]`},
	"event connect":                {`42["connect"]`},
	"event connection":             {`42["connection"]`},
	"event newListener":            {`42["newListener","a","b"]`},
	"event removeListener":         {`42["removeListener","chat"]`},
	"event __proto__":              {`42["__proto__","x"]`},
	"event constructor":            {`42["constructor","x"]`},
	"event toString":               {`42["toString","x"]`},
	"event hasOwnProperty":         {`42["hasOwnProperty","x"]`},
	"event empty name":             {`42["","x"]`},
	"ack without id":               {`43["x"]`},
	"ack":                          {`435["x"]`},
	"ack without data":             {`435`},
	"ack empty":                    {`43`},
	"ack bad JSON":                 {`435["x"`},
	"ack an object":                {`435{}`},
	"error packet":                 {`44"x"`},
	"error packet an object":       {`44{"a":1}`},
	"error packet without data":    {`44`},
	"error packet bad JSON":        {`44{`},
	"error packet elsewhere":       {`44/x,"y"`},
	"no ack for chat":              {`427["nobody"]`, `428["nobody"]`},
	"many in one go":               {"40/a", "40/b", "2", "40/c", "6", "40/d"},
}

// packets are Engine.IO's and Socket.IO's, in every type and spoilt in every way.
func packets() []exchange {
	all := onWebsocket(quiet, alive("w"), textPackets)
	all = append(all, onWebsocket(quiet, alive("w"), binaryEvents)...)
	for i, e := range onWebsocket(quiet, alive("w"), packetsOverPolling) {
		all = append(all, overPolling(e.name, packetsOverPolling[slices.Sorted(maps.Keys(packetsOverPolling))[i]]...))
	}
	return all
}

// binaryEvents have attachments that are missing, stray or too many.
var binaryEvents = map[string][]string{
	"binary event, none announced":                  {`450-["nobody"]`},
	"binary event, none announced, then one":        {`450-["nobody"]`, "att:a"},
	"binary event, none announced, then two":        {`450-["nobody"]`, "att:a", "att:b"},
	"binary event, one":                             {`451-["nobody",{"_placeholder":true,"num":0}]`, "att:abc"},
	"binary event, one in base64":                   {`451-["nobody",{"_placeholder":true,"num":0}]`, "b4YWJj"},
	"binary event, one that is empty":               {`451-["nobody",{"_placeholder":true,"num":0}]`, "att:"},
	"binary event, two":                             {`452-["nobody",{"_placeholder":true,"num":1}]`, "att:a", "att:b"},
	"binary event, surplus":                         {`451-["nobody",{"_placeholder":true,"num":0}]`, "att:a", "att:b"},
	"binary event, missing, then text":              {`451-["nobody",{"_placeholder":true,"num":0}]`, `42["nobody"]`, "att:a"},
	"binary event, missing, then connect":           {`451-["nobody",{"_placeholder":true,"num":0}]`, `40/x`, "att:a"},
	"binary event, missing, then another":           {`452-["nobody"]`, "att:a", `451-["nobody"]`, "att:b", "40/x", "att:c"},
	"binary event, missing, then none announced":    {`452-["nobody"]`, "att:a", `450-["nobody"]`, "att:b"},
	"binary event, missing, then bad":               {`451-["nobody"]`, `42{`, "att:b"},
	"binary event, missing, then disconnect":        {`451-["nobody"]`, `41`, "att:b", "40/x"},
	"binary event, missing for good":                {`452-["nobody"]`, "att:a"},
	"binary event, no count":                        {`45["nobody"]`},
	"binary event, no count but a dash":             {`45-["nobody"]`},
	"binary event, no dash":                         {`451["nobody"]`},
	"binary event, only the type":                   {`45`},
	"binary event, only a count":                    {`451`},
	"binary event, only count and dash":             {`451-`, "att:a"},
	"binary event, count a word":                    {`45x-["nobody"]`},
	"binary event, count hexadecimal":               {`450x1-["nobody"]`, "att:a"},
	"binary event, count with a fraction":           {`451.5-["nobody"]`, "att:a", "att:b", "40/x"},
	"binary event, count one point zero":            {`451.0-["nobody"]`, "att:a", "att:b"},
	"binary event, count with an exponent":          {`451e0-["nobody"]`, "att:a", "att:b"},
	"binary event, count with a plus":               {`45+1-["nobody"]`, "att:a", "att:b"},
	"binary event, count with blanks":               {`45 1 -["nobody"]`, "att:a", "att:b"},
	"binary event, count a blank":                   {`45 -["nobody"]`, "att:a"},
	"binary event, count with zeros":                {`45001-["nobody"]`, "att:a", "att:b"},
	"binary event, count Infinity":                  {`45Infinity-["nobody"]`, "att:a", "40/x"},
	"binary event, count huge":                      {`45999999999999-["nobody"]`, "att:a", "40/x"},
	"binary event, count two dashes":                {`45-1-["nobody"]`},
	"binary event, bad JSON":                        {`451-["nobody"`, "att:a"},
	"binary event, an object":                       {`451-{}`, "att:a"},
	"binary event, no data":                         {`451-`, "att:a", "att:b"},
	"binary event, elsewhere":                       {`451-/x,["nobody"]`, "att:a", "att:b"},
	"binary event, elsewhere, no comma":             {`451-/x`, "att:a", "att:b"},
	"binary event, with id":                         {`451-7["nobody",{"_placeholder":true,"num":0}]`, "att:a"},
	"binary event, placeholder out of range":        {`451-["nobody",{"_placeholder":true,"num":9}]`, "att:a"},
	"binary event, placeholder negative":            {`451-["nobody",{"_placeholder":true,"num":-1}]`, "att:a"},
	"binary event, placeholder without num":         {`451-["nobody",{"_placeholder":true}]`, "att:a"},
	"binary event, placeholder with odd num":        {`451-["nobody",{"_placeholder":true,"num":"length"}]`, "att:a"},
	"binary event, placeholder num has no text":     {`451-["nobody",{"_placeholder":true,"num":{"toString":1}}]`, "att:a"},
	"binary event, the name a placeholder":          {`451-[{"_placeholder":true,"num":0}]`, "att:nobody"},
	"binary event, the whole a placeholder":         {`451-{"_placeholder":true,"num":0}`, "att:chat"},
	"binary event, noop between":                    {`451-["nobody",{"_placeholder":true,"num":0}]`, "6", "2", "att:a"},
	"binary event, binary noop between":             {`451-["nobody",{"_placeholder":true,"num":0}]`, "bin:\x06", "att:a", "att:b"},
	"binary event in a namespace we left":           {`41`, `451-["nobody",{"_placeholder":true,"num":0}]`, "att:a", "40"},
	"binary ack":                                    {`461-5["x",{"_placeholder":true,"num":0}]`, "att:a"},
	"binary ack, none announced":                    {`460-5["x"]`},
	"binary ack, no count":                          {`46["x"]`},
	"binary ack, surplus":                           {`461-5["x"]`, "att:a", "att:b"},
	"attachment after an event that is not binary":  {`42["nobody",{"_placeholder":true,"num":0}]`, "att:a"},
	"attachments before their event":                {"att:a", `451-["nobody",{"_placeholder":true,"num":0}]`},
	"attachment of a ping's type while one is owed": {`451-["nobody",{"_placeholder":true,"num":0}]`, "bin:\x02a", "att:b"},
}

var packetsOverPolling = map[string][]string{
	"message empty":               {"4"},
	"message type 7":              {"47"},
	"connect":                     {"40"},
	"connect elsewhere":           {"40/x"},
	"disconnect":                  {"41"},
	"event bad JSON":              {`42["chat"`},
	"event an object":             {`42{}`},
	"event unknown, with ack":     {`427["nobody"]`},
	"ack":                         {`435["x"]`},
	"error packet":                {`44"x"`},
	"binary event, no count":      {`45["x"]`},
	"binary event in base64":      {`451-["nobody",{"_placeholder":true,"num":0}]`, "b4YWJj"},
	"binary event, surplus":       {`451-["nobody",{"_placeholder":true,"num":0}]`, "b4YWJj", "b4YWJj"},
	"binary event, stray":         {"b4YWJj"},
	"close before an event":       {"1", "40/x"},
	"stray, then an event":        {"b4YWJj", "40/x"},
	"message empty, then a ping":  {"4", "2"},
	"event disconnect, then ping": {`42["disconnect"]`, "2"},
}

// overPolling sends the packets in one POST, while a poll is pending.
func overPolling(name string, packets ...string) exchange {
	var body strings.Builder
	for _, p := range packets {
		body.WriteString(elements(p))
	}
	return exchange{"polling, " + name, []step{
		hello(), pend("poll", "GET @a"), do("POST @a\n\n" + body.String()), waits("poll"), livesWith("poll", "a"),
	}, quiet}
}
