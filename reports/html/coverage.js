// Nothing here needs script but the theme.
themeButton();
