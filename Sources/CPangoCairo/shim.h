// Text in any script, shaped and drawn into a PDF: <https://docs.gtk.org/PangoCairo/>, <https://www.cairographics.org/manual/>.
#include <cairo-pdf.h>
#include <pango/pangocairo.h>
