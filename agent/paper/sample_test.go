package paper

import (
	"fmt"
	"strings"
	"time"

	"nightdesk/agent/words"
)

// sample is a language with only the words of a slip. The pictures are drawn
// with these, so that a translator's change to the catalogue changes none.
type sample struct {
	lang, dir string
	months    []string
	text      map[string]string
}

func (s sample) Lang() string { return s.lang }
func (s sample) Dir() string  { return s.dir }

func (s sample) Say(key string, with words.Fill) string {
	text, ok := s.text[key]
	if !ok {
		return "[" + key + "]"
	}
	for name, value := range with {
		text = strings.ReplaceAll(text, "{"+name+"}", value)
	}
	return text
}

func (s sample) Count(key string, n int, _ words.Fill) string {
	return s.Say(key, words.Fill{"n": fmt.Sprint(n)})
}

func (s sample) Date(t time.Time) string {
	return fmt.Sprintf("%d %s", t.Day(), s.months[t.Month()-1])
}

func keyed(texts ...string) map[string]string {
	keys := []string{
		"receipt.title", "receipt.at", "receipt.card", "receipt.borrowed", "receipt.renewed", "receipt.returned",
		"receipt.incomplete", "receipt.total", "receipt.due", "receipt.provisional", "receipt.unsecured",
		"receipt.saved", "receipt.thanks", "page.untitled",
	}
	m := map[string]string{}
	for i, k := range keys {
		m[k] = texts[i]
	}
	return m
}

func samples() []sample {
	return []sample{
		{"en-GB", "ltr", strings.Split("January February March April May June July August September October November December", " "), keyed(
			"Your receipt", "{date}, {time}", "Card {card}", "Borrowed", "Renewed", "Returned",
			"Not finished. Please see staff.", "{n} items", "Bring back by {date}", "Staff may change this date.", "The alarm may sound. Please show this slip.",
			"Saved on this machine. Your account will update later.", "Thank you for using your library.", "Item ending {tail}")},
		{"pl", "ltr", strings.Split("stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia", " "), keyed(
			"Twój wydruk", "{date}, {time}", "Karta {card}", "Wypożyczone", "Przedłużone", "Zwrócone",
			"Nie zakończono. Zapytaj bibliotekarza.", "Sztuk: {n}", "Oddaj do {date}", "Bibliotekarz może zmienić tę datę.", "Bramka może zadzwonić. Pokaż ten wydruk.",
			"Zapisano na tym urządzeniu. Twoje konto zmieni się później.", "Dziękujemy za korzystanie z biblioteki.", "Pozycja o numerze …{tail}")},
		{"ro", "ltr", strings.Split("ianuarie februarie martie aprilie mai iunie iulie august septembrie octombrie noiembrie decembrie", " "), keyed(
			"Bonul dumneavoastră", "{date}, {time}", "Card {card}", "Împrumutate", "Prelungite", "Returnate",
			"Neterminat. Întrebați personalul.", "{n} articole", "Aduceți înapoi până la {date}", "Personalul poate schimba această dată.", "Alarma poate suna. Arătați acest bon.",
			"Salvat pe acest aparat. Contul se va actualiza mai târziu.", "Vă mulțumim că folosiți biblioteca.", "Articol terminat în {tail}")},
		{"gu", "ltr", strings.Split("જાન્યુઆરી ફેબ્રુઆરી માર્ચ એપ્રિલ મે જૂન જુલાઈ ઑગસ્ટ સપ્ટેમ્બર ઑક્ટોબર નવેમ્બર ડિસેમ્બર", " "), keyed(
			"તમારી રસીદ", "{date}, {time}", "કાર્ડ {card}", "ઉછીના લીધેલ", "ફરી લંબાવેલ", "પાછા આપેલ",
			"પૂરું થયું નથી. કૃપા કરીને સ્ટાફને મળો.", "{n} વસ્તુઓ", "{date} સુધીમાં પાછું લાવો", "સ્ટાફ આ તારીખ બદલી શકે છે.", "એલાર્મ વાગી શકે છે. કૃપા કરીને આ રસીદ બતાવો.",
			"આ મશીન પર સાચવ્યું છે. તમારું ખાતું પછી અપડેટ થશે.", "પુસ્તકાલયનો ઉપયોગ કરવા બદલ આભાર.", "{tail} થી પૂરી થતી વસ્તુ")},
		{"pa-Guru", "ltr", strings.Split("ਜਨਵਰੀ ਫ਼ਰਵਰੀ ਮਾਰਚ ਅਪ੍ਰੈਲ ਮਈ ਜੂਨ ਜੁਲਾਈ ਅਗਸਤ ਸਤੰਬਰ ਅਕਤੂਬਰ ਨਵੰਬਰ ਦਸੰਬਰ", " "), keyed(
			"ਤੁਹਾਡੀ ਰਸੀਦ", "{date}, {time}", "ਕਾਰਡ {card}", "ਉਧਾਰ ਲਈਆਂ", "ਨਵਿਆਈਆਂ", "ਵਾਪਸ ਕੀਤੀਆਂ",
			"ਪੂਰਾ ਨਹੀਂ ਹੋਇਆ। ਕਿਰਪਾ ਕਰਕੇ ਸਟਾਫ਼ ਨੂੰ ਮਿਲੋ।", "{n} ਚੀਜ਼ਾਂ", "{date} ਤੱਕ ਵਾਪਸ ਲਿਆਓ", "ਸਟਾਫ਼ ਇਹ ਤਾਰੀਖ਼ ਬਦਲ ਸਕਦਾ ਹੈ।", "ਅਲਾਰਮ ਵੱਜ ਸਕਦਾ ਹੈ। ਕਿਰਪਾ ਕਰਕੇ ਇਹ ਰਸੀਦ ਦਿਖਾਓ।",
			"ਇਸ ਮਸ਼ੀਨ ਉੱਤੇ ਸੰਭਾਲਿਆ ਗਿਆ। ਤੁਹਾਡਾ ਖਾਤਾ ਬਾਅਦ ਵਿੱਚ ਅੱਪਡੇਟ ਹੋਵੇਗਾ।", "ਲਾਇਬ੍ਰੇਰੀ ਵਰਤਣ ਲਈ ਧੰਨਵਾਦ।", "{tail} ਨਾਲ ਖ਼ਤਮ ਹੋਣ ਵਾਲੀ ਚੀਜ਼")},
		{"ur", "rtl", strings.Split("جنوری فروری مارچ اپریل مئی جون جولائی اگست ستمبر اکتوبر نومبر دسمبر", " "), keyed(
			"آپ کی رسید", "{date}، {time}", "کارڈ {card}", "ادھار لی گئیں", "تجدید شدہ", "واپس کی گئیں",
			"مکمل نہیں ہوا۔ براہِ کرم عملے سے ملیں۔", "{n} چیزیں", "{date} تک واپس لائیں", "عملہ یہ تاریخ بدل سکتا ہے۔", "الارم بج سکتا ہے۔ براہِ کرم یہ رسید دکھائیں۔",
			"اس مشین پر محفوظ ہے۔ آپ کا کھاتہ بعد میں تازہ ہو جائے گا۔", "لائبریری استعمال کرنے کا شکریہ۔", "{tail} پر ختم ہونے والی چیز")},
	}
}

func sampleOf(lang string) sample {
	for _, s := range samples() {
		if s.lang == lang {
			return s
		}
	}
	panic("no sample of " + lang)
}
