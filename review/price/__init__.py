"""What a resolved nest costs, from the list prices in review/prices/."""
